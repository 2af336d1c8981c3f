/**
 * What moves in a report: numbers under the pointer on charts, pictures under the pointer on the map. Without it the
 * page shows everything but those.
 */
export const reportScript = `
"use strict";
const make = (name, props) => Object.assign(document.createElement(name), props);
for (const svg of document.querySelectorAll("svg[data-series]")) {
  const series = JSON.parse(svg.dataset.series);
  const box = svg.closest("figure");
  const cross = document.createElementNS("http://www.w3.org/2000/svg", "path");
  cross.setAttribute("class", "cross");
  const tip = make("div", { className: "tip", hidden: true });
  box.append(tip);
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  const leave = () => { cross.remove(); tip.hidden = true; };
  svg.addEventListener("pointerleave", leave);
  svg.addEventListener("pointermove", (event) => {
    const area = svg.getBoundingClientRect();
    const x = ((event.clientX - area.left) / area.width) * width;
    const near = series.map(({ name, points }) => {
      let best = points[0];
      for (const point of points) if (Math.abs(point[0] - x) < Math.abs(best[0] - x)) best = point;
      return { name, point: best };
    });
    const at = near[near.length - 1].point;
    cross.setAttribute("d", "M" + at[0] + " 14V" + (height - 30));
    svg.append(cross);
    const words = near.map(({ name, point }) => (series.length > 1 ? name + " " : "") + point[3]).join("   ");
    tip.textContent = svg.dataset.x + " " + at[2] + ":  " + words;
    tip.hidden = false;
    const scale = area.width / width;
    const from = box.getBoundingClientRect();
    tip.style.left = Math.max(60, Math.min(from.width - 60, at[0] * scale)) + "px";
    tip.style.top = area.top - from.top + at[1] * scale + "px";
  });
}
const holder = document.getElementById("map-data");
if (holder) {
  const map = JSON.parse(holder.textContent);
  const plot = document.querySelector(".plot");
  const svg = plot.querySelector("svg");
  const dots = [...svg.querySelectorAll("circle")];
  const picked = document.querySelector(".picked");
  const off = new Set();
  let tiles = [];
  let pinned = -1;
  const tile = (i, size) => {
    const { sheet } = map;
    const scale = size / Math.max(sheet.width, sheet.height);
    const span = make("span", { className: "tile", title: map.names[i] });
    span.style.cssText = "width:" + sheet.width * scale + "px;height:" + sheet.height * scale + "px;background-size:" +
      sheet.columns * sheet.width * scale + "px " + sheet.rows * sheet.height * scale + "px;background-position:" +
      -(i % sheet.columns) * sheet.width * scale + "px " + -Math.floor(i / sheet.columns) * sheet.height * scale + "px";
    span.style.backgroundImage = "var(--map-sheet)";
    return span;
  };
  const place = (i) => [Number(dots[i].getAttribute("cx")), Number(dots[i].getAttribute("cy"))];
  const show = (i) => {
    for (const dot of dots) dot.classList.remove("on");
    if (i < 0) return;
    dots[i].classList.add("on");
    for (const j of map.near[i]) dots[j].classList.add("on");
    const label = map.labels ? map.classes[map.labels[i]] : undefined;
    const near = make("div", { className: "near" });
    for (const j of map.near[i]) near.append(tile(j, 44));
    picked.replaceChildren(tile(i, 128), make("div", { className: "name", textContent: map.names[i] + (label ? "  (" + label + ")" : "") }),
      make("div", { className: "soft", textContent: "nearest by the encoder" }), near);
  };
  const nearestDot = (event) => {
    const area = svg.getBoundingClientRect();
    const box = svg.viewBox.baseVal;
    const scale = Math.min(area.width / box.width, area.height / box.height);
    const x = box.x + (event.clientX - area.left - (area.width - box.width * scale) / 2) / scale;
    const y = box.y + (event.clientY - area.top - (area.height - box.height * scale) / 2) / scale;
    let best = -1;
    let least = (14 / scale) ** 2;
    dots.forEach((_, i) => {
      if (map.labels && off.has(map.labels[i])) return;
      const [cx, cy] = place(i);
      const distance = (cx - x) ** 2 + (cy - y) ** 2;
      if (distance < least) { least = distance; best = i; }
    });
    return best;
  };
  plot.addEventListener("pointermove", (event) => {
    if (pinned >= 0) return;
    const i = nearestDot(event);
    if (i >= 0) show(i);
  });
  plot.addEventListener("click", (event) => {
    const i = nearestDot(event);
    pinned = i === pinned ? -1 : i;
    show(i);
  });
  const frame = () => {
    const box = svg.viewBox.baseVal;
    tiles.forEach((span, i) => {
      const [cx, cy] = place(i);
      span.style.left = ((cx - box.x) / box.width) * 100 + "%";
      span.style.top = ((cy - box.y) / box.height) * 100 + "%";
    });
  };
  const zoom = (factor, event) => {
    const box = svg.viewBox.baseVal;
    const area = svg.getBoundingClientRect();
    const fx = event ? (event.clientX - area.left) / area.width : 0.5;
    const fy = event ? (event.clientY - area.top) / area.height : 0.5;
    const size = Math.min(104, Math.max(6, box.width * factor));
    const x = box.x + fx * (box.width - size);
    const y = box.y + fy * (box.height - size);
    svg.setAttribute("viewBox", x + " " + y + " " + size + " " + size);
    for (const dot of dots) dot.setAttribute("r", (0.8 * size) / 104 + 0.05);
    frame();
  };
  plot.addEventListener("wheel", (event) => { event.preventDefault(); zoom(event.deltaY > 0 ? 1.15 : 0.87, event); }, { passive: false });
  plot.addEventListener("dblclick", () => { svg.setAttribute("viewBox", "-2 -2 104 104"); zoom(1); });
  const pictures = document.getElementById("map-pictures");
  pictures?.addEventListener("change", () => {
    for (const span of tiles) span.remove();
    tiles = pictures.checked ? dots.map((_, i) => tile(i, 26)) : [];
    plot.append(...tiles);
    dim();
    frame();
  });
  const dim = () => dots.forEach((dot, i) => {
    const hidden = map.labels !== null && off.has(map.labels[i]);
    dot.classList.toggle("off", hidden);
    tiles[i]?.classList.toggle("off", hidden);
  });
  const buttons = [...document.querySelectorAll(".legend button")];
  buttons.forEach((button, c) => button.addEventListener("click", () => {
    const only = buttons.every((_, other) => other === c || off.has(other));
    buttons.forEach((_, other) => (only || other === c ? off.delete(other) : off.add(other)));
    buttons.forEach((each, other) => each.classList.toggle("off", off.has(other)));
    dim();
  }));
  show(map.start);
}
`;
