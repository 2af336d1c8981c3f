import { attentionMask } from "../evaluate/dense/attention-mask.ts";
import type { MapKind } from "../evaluate/dense/look.ts";
import { type Looks, likenessMap, mapOf, meanMap } from "../evaluate/dense/looks.ts";
import type { ReportLooks } from "./data.ts";
import { heatColours } from "./heat.ts";
import { escaped } from "./markup.ts";
import { pngAddress } from "./png.ts";
import { section } from "./section.ts";
import { sheetOf, sheetStyle, tileOf, tileSize } from "./sheet.ts";

/** What the patches that are kept hold of the whole. */
export const KEPT = 0.6;
/** Side of a picture on the page, in pixels. */
const SIDE = 68;
/** Between two pictures. */
const GAP = 4;
const MOST_IMAGES = 8;
const MOST_HEADS = 12;

const about: Readonly<Record<MapKind, string>> = {
  "class token": "How much the class token takes from each patch of an image in the last block, head by head",
  summary: "How much the token that sums up an image takes from each patch, head by head",
  patches:
    "How much the patches of its window take from each patch in the last block, in the mean, head by head, and its likeness to the mean of all, which stands for the image",
};

/**
 * Rows of an image, the patches that hold most of its map, and its maps.
 *
 * @param options.side Of a picture on the page, in pixels. Default 68.
 */
export async function attentionSection(
  shown: ReportLooks | null,
  { side = SIDE }: { side?: number } = {},
): Promise<string> {
  if (!shown || shown.looks.count === 0) return "";
  const { looks, names } = shown;
  const count = Math.min(looks.count, MOST_IMAGES);
  const sheet = await sheetOf(
    shown.images,
    Array.from({ length: count }, (_, i) => i),
    { most: side },
  );
  const [wide, tall] = tileSize(sheet, side);
  const picture = (address: string, mark: string, words: string) =>
    `<img class="${mark}" src="${address}" width="${wide}" height="${tall}" alt="${escaped(words)}" title="${escaped(words)}">`;
  const rows: string[] = [];
  for (let i = 0; i < count; i++) {
    const name = names[i] ?? "";
    const tile = tileOf("look", sheet, i, name, side);
    const kept = picture(await maskAddress(looks, i), "veil", `${name}: patches that hold most`);
    const cells = [tile, `<span class="stack">${tile}${kept}</span>`];
    for (const { title, map } of mapsShown(looks, i)) {
      cells.push(picture(await mapAddress(looks, map), "map", `${name}: ${title}`));
    }
    rows.push(`<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`);
  }
  const titles = [
    "image",
    `holds ${Math.round(KEPT * 100)} %`,
    ...mapsShown(looks, 0).map(({ title }) => title),
  ];
  const head = titles.map((title) => `<th scope="col">${escaped(title)}</th>`).join("");
  const words = `<p class="soft">${about[looks.kind]}: light is much, each map by itself. Beside the image the patches that together hold ${Math.round(KEPT * 100)} % of the mean map.</p>`;
  const half = Math.ceil(rows.length / 2);
  const tables = [rows.slice(0, half), rows.slice(half)]
    .filter((some) => some.length > 0)
    .map(
      (some) =>
        `<div class="scroll"><table class="looks"><thead><tr>${head}</tr></thead><tbody>${some.join("")}</tbody></table></div>`,
    );
  // Beside each other where there is room.
  const least = titles.length * (wide + GAP);
  const columns = `grid-template-columns:repeat(auto-fill,minmax(min(100%,${least}px),1fr))`;
  return section(
    "Where the encoder looks",
    `${words}${sheetStyle("look", sheet, side)}<div class="looks-box" style="${columns}">${tables.join("")}</div>`,
  );
}

/** The maps of an image that are shown: the mean where there are several heads, likeness where no token looks, each head. */
export function mapsShown(looks: Looks, image: number): { title: string; map: Float32Array }[] {
  const { heads, kind } = looks;
  const mean = heads > 1 ? [{ title: "mean", map: meanMap(looks, image) }] : [];
  const likeness = kind === "patches" ? [{ title: "likeness", map: likenessMap(looks, image) }] : [];
  const each = Array.from({ length: Math.min(heads, MOST_HEADS) }, (_, head) => ({
    title: `head ${head + 1}`,
    map: mapOf(looks, image, head),
  }));
  return [...mean, ...likeness, ...each];
}

/** A map as a picture of a pixel for each patch, which the page enlarges smoothly. */
const mapAddress = ({ grid: [height, width] }: Looks, map: Float32Array): Promise<string> =>
  pngAddress({ width, height, channels: 3, data: heatColours(map) });

/** What darkens the patches that are not kept. */
function maskAddress(looks: Looks, image: number): Promise<string> {
  const [height, width] = looks.grid;
  const mask = attentionMask(meanMap(looks, image), KEPT);
  return pngAddress({ width, height, channels: 1, data: mask.map((kept) => (kept ? 255 : DARK)) });
}

/** Share, of 255, that is left of a patch that is not kept. */
export const DARK = 56;
