/** Paints the images of the patch section for the patch under the pointer, or the one that keys have moved to. */
export const patchScript = `
const patchHolder = document.getElementById("patch-data");
if (patchHolder) {
  const { rows, columns, width, start, names, features, colours } = JSON.parse(patchHolder.textContent);
  const cells = rows * columns;
  const bytes = Int8Array.from(atob(features), (c) => c.charCodeAt(0));
  const lengths = Array.from({ length: bytes.length / width }, (_, row) => {
    let sum = 0;
    for (let i = row * width; i < (row + 1) * width; i++) sum += bytes[i] ** 2;
    return Math.sqrt(sum) || 1;
  });
  const boxes = [...document.querySelectorAll(".patched")];
  const words = document.getElementById("patch-words");
  const layers = boxes.map((box) => {
    const canvas = Object.assign(document.createElement("canvas"), { className: "glow", width: columns, height: rows });
    box.querySelector(".glow").replaceWith(canvas);
    return canvas.getContext("2d");
  });
  const spots = boxes.map((box) => box.querySelector(".spot"));
  const found = boxes.map((box) => box.parentElement.querySelector(".found"));
  let chosen = { image: 0, cell: start };
  let kept = false;
  const likeness = (query) => lengths.map((length, row) => {
    let sum = 0;
    for (let i = 0; i < width; i++) sum += bytes[row * width + i] * bytes[query * width + i];
    return sum / length / lengths[query];
  });
  const at = (cell) => "row " + (Math.floor(cell / columns) + 1) + ", column " + ((cell % columns) + 1);
  const paint = (image, cell, told) => {
    chosen = { image, cell };
    const query = image * cells + cell;
    const all = likeness(query);
    let low = 1;
    for (const value of all) low = Math.min(low, value);
    const most = [];
    boxes.forEach((box, i) => {
      const map = all.slice(i * cells, (i + 1) * cells);
      const picture = layers[i].createImageData(columns, rows);
      let best = -1;
      map.forEach((value, at) => {
        const share = (value - low) / (1 - low || 1);
        const colour = colours[Math.max(0, Math.min(colours.length - 1, Math.round(share * (colours.length - 1))))];
        picture.data.set([...colour, 255], 4 * at);
        if (!(i === image && at === cell) && (best < 0 || value > map[best])) best = at;
      });
      layers[i].putImageData(picture, 0, 0);
      const marked = i === image ? cell : best;
      spots[i].classList.toggle("chosen", i === image);
      spots[i].style.left = ((marked % columns) / columns) * 100 + "%";
      spots[i].style.top = (Math.floor(marked / columns) / rows) * 100 + "%";
      found[i].textContent = i === image ? "chosen" : map[best].toFixed(2);
      if (i !== image) most.push(names[i] + " " + at(best) + " (" + map[best].toFixed(2) + ")");
    });
    if (told) words.textContent = names[image] + ", " + at(cell) + "; most alike elsewhere: " + most.join("; ");
  };
  const under = (event, box) => {
    const area = box.getBoundingClientRect();
    const place = (x, size, n) => Math.max(0, Math.min(n - 1, Math.floor((x / size) * n)));
    return place(event.clientY - area.top, area.height, rows) * columns + place(event.clientX - area.left, area.width, columns);
  };
  const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  boxes.forEach((box, image) => {
    box.addEventListener("pointermove", (event) => { if (!kept) paint(image, under(event, box), false); });
    box.addEventListener("click", (event) => {
      const cell = under(event, box);
      kept = !(kept && chosen.image === image && chosen.cell === cell);
      paint(image, cell, true);
    });
    box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") kept = false;
      const move = moves[event.key];
      if (!move) return;
      event.preventDefault();
      kept = true;
      const [row, column] = chosen.image === image
        ? [Math.floor(chosen.cell / columns) + move[0], (chosen.cell % columns) + move[1]] : [rows >> 1, columns >> 1];
      const within = (x, n) => Math.max(0, Math.min(n - 1, x));
      paint(image, within(row, rows) * columns + within(column, columns), true);
    });
  });
  paint(0, start, false);
}
`;
