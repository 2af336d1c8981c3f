import type { ReportMap } from "./data.ts";
import { escaped, scriptData } from "./markup.ts";
import { section } from "./section.ts";
import { sheetOf } from "./sheet.ts";

const COLOURS = 10;

/** The colour of a class: ten that are told apart easily, then more around the circle. */
export function classColour(index: number): string {
  if (index < 0) return "var(--soft)";
  if (index < COLOURS) return `var(--c${index})`;
  const hue = Math.round((index * 137.5) % 360);
  return `light-dark(hsl(${hue} 55% 42%), hsl(${hue} 60% 68%))`;
}

/** A point for each image, with its picture and its neighbours under the pointer. */
export async function mapSection(map: ReportMap | null): Promise<string> {
  if (!map || map.images.count < 3) return "";
  const { places, names, labels, classes, images, near } = map;
  const sheet = await sheetOf(
    images,
    Array.from({ length: images.count }, (_, i) => i),
  );
  const spots = fitted(places);
  const dots = spots.map(
    ([x, y], i) =>
      `<circle cx="${x.toFixed(2)}" cy="${y.toFixed(2)}" r=".85" style="fill:${classColour(labels ? (labels[i] as number) : 0)}"><title>${escaped(names[i] ?? "")}</title></circle>`,
  );
  const legend = (classes ?? []).map(
    (name, c) =>
      `<button type="button"><i style="background:${classColour(c)}"></i>${escaped(name)}</button>`,
  );
  const { address, ...layout } = sheet;
  const content = {
    sheet: layout,
    names,
    labels: labels ? Array.from(labels) : null,
    classes,
    near,
    start: middle(spots),
  };
  const words = `<p class="soft">Each point is an image; images that the encoder holds for alike lie together. Point at one to see it, click to keep it, turn the wheel to come nearer. Distances between far groups mean little.</p>`;
  const side = [
    `<label><input type="checkbox" id="map-pictures"> show pictures</label>`,
    legend.length > 0 ? `<div class="legend">${legend.join("")}</div>` : "",
    `<div class="picked" aria-live="polite"></div>`,
  ];
  const plot = `<div class="plot"><svg viewBox="-2 -2 104 104" role="img" aria-label="Map of the embeddings">${dots.join("")}</svg></div>`;
  return section(
    "Map of the images",
    `${words}<style>:root { --map-sheet: url("${address}") }</style><div class="mapbox">${plot}<div class="side">${side.join("")}</div></div><script type="application/json" id="map-data">${scriptData(content)}</script>`,
  );
}

/** Places within a square of 100, each axis by its own range less the outermost few, so that strays do not shrink the rest. */
function fitted(places: Float32Array): [number, number][] {
  const count = places.length / 2;
  const axis = (offset: number) => {
    const sorted = Float32Array.from({ length: count }, (_, i) => places[2 * i + offset] as number).sort();
    const cut = Math.floor(count * 0.005);
    const [low, high] = [sorted[cut] as number, sorted[count - 1 - cut] as number];
    const span = Math.max(high - low, 1e-9);
    return (i: number) =>
      Math.max(0, Math.min(100, (100 * ((places[2 * i + offset] as number) - low)) / span));
  };
  const [x, y] = [axis(0), axis(1)];
  return Array.from({ length: count }, (_, i) => [x(i), y(i)]);
}

/** The point that is nearest to the middle. */
function middle(spots: readonly (readonly [number, number])[]): number {
  let [best, least] = [0, Number.POSITIVE_INFINITY];
  spots.forEach(([x, y], i) => {
    const distance = (x - 50) ** 2 + (y - 50) ** 2;
    if (distance < least) [best, least] = [i, distance];
  });
  return best;
}
