import type { ReportData, ReportNeighbours, ReportPictures } from "./data.ts";
import { escaped } from "./markup.ts";
import { section } from "./section.ts";
import { sheetOf, sheetStyle, tileOf } from "./sheet.ts";

/** Side of a picture on the page, in pixels. */
const TILE = 46;

/** Images with the images that are nearest to them. */
export async function neighbourSection(neighbours: ReportNeighbours | null): Promise<string> {
  if (!neighbours || neighbours.rows.length === 0) return "";
  const { rows, images, names } = neighbours;
  const used = [...new Set(rows.flatMap(({ query, found }) => [query, ...found.map(({ index }) => index)]))];
  const sheet = await sheetOf(images, used);
  const tile = (index: number) => tileOf("near", sheet, used.indexOf(index), names[index] ?? "", TILE);
  const lines = rows.map(({ query, found }) => {
    const cells = found.map(({ index, similarity, right }) => {
      const mark = right ? ` class="right"` : "";
      return `<span class="cell">${tile(index)}<span${mark}>${similarity.toFixed(2)}</span></span>`;
    });
    return `<div class="row"><span class="cell">${tile(query)}<span>image</span></span>${cells.join("")}</div>`;
  });
  const right = rows.some(({ found }) => found.some((each) => each.right !== undefined));
  const words = `<p class="soft">Some of the images that were measured with, and beside each the nearest others by the trained encoder with their cosine similarity${right ? "; green: of the same class" : ""}.</p>`;
  return section(
    "Nearest neighbours",
    `${words}${sheetStyle("near", sheet, TILE)}<div class="rows">${lines.join("")}</div>`,
  );
}

/** Images, and what the training saw of them. */
export async function viewSection(views: ReportData["views"]): Promise<string> {
  if (!views || views.images.count === 0) return "";
  const { count } = views.images;
  const all = Array.from({ length: count }, (_, i) => i);
  const sheets = [
    await sheetOf(views.images, all, { columns: count }),
    ...(await Promise.all(views.views.map((set) => sheetOf(set, all, { columns: count })))),
  ];
  const styles = sheets.map((sheet, s) => sheetStyle(`view${s}`, sheet, TILE)).join("");
  const lines = all.map((i) => {
    const tiles = sheets.map((sheet, s) => {
      const words = s === 0 ? "image" : `view ${s}`;
      return `<span class="cell">${tileOf(`view${s}`, sheet, i, words, TILE)}<span>${s === 0 ? "image" : "&nbsp;"}</span></span>`;
    });
    return `<div class="row">${tiles.join("")}</div>`;
  });
  const words = `<p class="soft">Images of the training set, and random views of them such as the encoder learned to recognise.</p>`;
  return section("Views", `${words}${styles}<div class="rows">${lines.join("")}</div>`);
}

export async function filterSection(groups: readonly ReportPictures[]): Promise<string> {
  const figures: string[] = [];
  for (const { title, images, columns } of groups) {
    if (images.count === 0) continue;
    const framed = withGaps(images);
    const all = Array.from({ length: images.count }, (_, i) => i);
    const sheet = await sheetOf(framed, all, { columns, most: 256 });
    const wide = sheet.columns * sheet.width;
    const scale = Math.max(1, Math.floor(400 / wide));
    figures.push(
      `<figure><figcaption>${escaped(title)}</figcaption><img src="${sheet.address}" width="${wide * scale}" alt="${escaped(title)}"></figure>`,
    );
  }
  return figures.length === 0 ? "" : section("Filters", `<div class="bank">${figures.join("")}</div>`);
}

/** Images with a middle grey line to the right and below. */
function withGaps({
  count,
  height,
  width,
  channels,
  data,
}: ReportPictures["images"]): ReportPictures["images"] {
  const [tall, wide] = [height + 1, width + 1];
  const framed = new Uint8Array(count * tall * wide * channels).fill(128);
  for (let i = 0; i < count; i++) {
    for (let y = 0; y < height; y++) {
      const from = (i * height + y) * width * channels;
      framed.set(data.subarray(from, from + width * channels), (i * tall + y) * wide * channels);
    }
  }
  return { count, height: tall, width: wide, channels, data: framed };
}
