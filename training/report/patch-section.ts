import { meanMap } from "../evaluate/dense/looks.ts";
import { similarities, unitRows } from "../evaluate/embeddings.ts";
import { largestAt } from "../evaluate/labelled.ts";
import type { ReportLooks } from "./data.ts";
import { heatColour, heatColours, rangeOf } from "./heat.ts";
import { escaped, scriptData } from "./markup.ts";
import { base64, pngAddress } from "./png.ts";
import { section } from "./section.ts";
import { sheetOf, sheetStyle, tileOf, tileSize } from "./sheet.ts";

const SIDE = 164;
const MOST_IMAGES = 6;
/** Bytes of features that a page is made heavier by. */
const MOST_BYTES = 400_000;
const COLOURS = 64;

/**
 * Images whose patches can be pointed at: all others are then painted by how much they resemble that one. Without the
 * page's script it is a picture for one patch.
 */
export async function patchSection(shown: ReportLooks | null): Promise<string> {
  if (!shown) return "";
  const { looks, names } = shown;
  const [rows, columns] = looks.grid;
  const cells = rows * columns;
  const { width } = looks.patches;
  const count = Math.min(looks.count, MOST_IMAGES, Math.floor(MOST_BYTES / (cells * width)));
  if (count < 2 || cells < 2) return "";
  const sheet = await sheetOf(
    shown.images,
    Array.from({ length: count }, (_, i) => i),
    { most: SIDE },
  );
  const features = looks.patches.values.subarray(0, count * cells * width);
  const start = largestAt(meanMap(looks, 0));
  const patches = unitRows({ count: count * cells, width, values: features });
  const query = patches.values.subarray(start * width, (start + 1) * width);
  const likeness = similarities({ count: 1, width, values: query }, patches);
  const range = rangeOf(likeness);
  const [wide, tall] = tileSize(sheet, SIDE);
  const boxes: string[] = [];
  for (let i = 0; i < count; i++) {
    const map = likeness.subarray(i * cells, (i + 1) * cells);
    const colours = { width: columns, height: rows, channels: 3, data: heatColours(map, range) } as const;
    const best = i === 0 ? start : largestAt(map);
    const spot = [
      ...[`left:${percent((best % columns) / columns)}`, `top:${percent(Math.floor(best / columns) / rows)}`],
      ...[`width:${percent(1 / columns)}`, `height:${percent(1 / rows)}`],
    ].join(";");
    const name = escaped(names[i] ?? "");
    const heat = `<img class="glow" src="${await pngAddress(colours)}" width="${wide}" height="${tall}" alt="">`;
    const words = `<span class="found">${i === 0 ? "chosen" : (map[best] as number).toFixed(2)}</span>`;
    boxes.push(
      `<div class="cell"><div class="patched" tabindex="0" role="group" aria-label="${name}: arrow keys choose a patch" style="width:${wide}px;height:${tall}px">${tileOf("patch", sheet, i, names[i] ?? "", SIDE)}${heat}<span class="spot${i === 0 ? " chosen" : ""}" style="${spot}"></span></div>${words}</div>`,
    );
  }
  const content = {
    ...{
      rows,
      columns,
      width,
      start,
      names: names.slice(0, count),
      features: base64(quantised(features, width)),
    },
    colours: Array.from({ length: COLOURS }, (_, i) => heatColour(i / (COLOURS - 1))),
  };
  const about = `<p class="soft">How much each patch resembles the chosen one (cosine of their features; light is much), and in every image the patch that does most. Point at a patch of any image to choose it, click to keep it, or move with the arrow keys.</p>`;
  return section(
    "Patches that are alike",
    `${about}${sheetStyle("patch", sheet, SIDE)}<div class="patches">${boxes.join("")}</div><p class="soft" id="patch-words" aria-live="polite"></p><script type="application/json" id="patch-data">${scriptData(content)}</script>`,
  );
}

const percent = (share: number): string => `${(share * 100).toFixed(3)}%`;

/** Rows as whole numbers from -127 to 127, each stretched by itself: their directions alone matter. */
export function quantised(values: Float32Array, width: number): Uint8Array {
  const bytes = new Int8Array(values.length);
  for (let from = 0; from < values.length; from += width) {
    const row = values.subarray(from, from + width);
    const most = row.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    row.forEach((value, i) => {
      bytes[from + i] = most > 0 ? Math.round((value / most) * 127) : 0;
    });
  }
  return new Uint8Array(bytes.buffer);
}
