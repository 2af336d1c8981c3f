import { labelsOfPixels, propagateLabels } from "../../training/evaluate/dense/label-propagation.ts";
import type { Looks } from "../../training/evaluate/dense/looks.ts";
import type { ReportLooks } from "../../training/report/data.ts";
import { escaped } from "../../training/report/markup.ts";
import { pngAddress } from "../../training/report/png.ts";
import { section } from "../../training/report/section.ts";
import { sheetOf, sheetStyle, tileOf, tileSize } from "../../training/report/sheet.ts";

const SIDE = 164;
/** Pixels of a mask along a side of a patch. */
const FACTOR = 4;
/** Of 255, what is left of what a mask leaves out. */
const DARK = 56;

/** The first of some images with a button for each patch, and the others, which take its labels. */
export async function carrySection({ images, names, looks }: ReportLooks): Promise<string> {
  const [rows, columns] = looks.grid;
  const all = Array.from({ length: looks.count }, (_, i) => i);
  const sheet = await sheetOf(images, all, { most: SIDE });
  const [wide, tall] = tileSize(sheet, SIDE);
  const buttons = Array.from({ length: rows * columns }, (_, cell) => {
    const words = `row ${Math.floor(cell / columns) + 1}, column ${(cell % columns) + 1}`;
    return `<button type="button" aria-pressed="false" data-cell="${cell}" aria-label="${words}"></button>`;
  });
  const boxes = all.map((i) => {
    const tile = tileOf("carry", sheet, i, names[i] ?? "", SIDE);
    const over =
      i === 0
        ? `<div class="marks" style="grid-template-columns:repeat(${columns},1fr)">${buttons.join("")}</div>`
        : `<img class="veil carried" alt="${escaped(`${names[i] ?? ""}: the mask that it takes`)}" hidden>`;
    return `<div class="stack" style="width:${wide}px;height:${tall}px">${tile}${over}</div>`;
  });
  const about = `<p class="soft">Mark patches of the first image. Each image then takes its labels from those before it: from the patches that resemble its own most. Choose all frames of a video at once to follow something through it.</p>`;
  return section(
    "A mask carried along",
    `${about}${sheetStyle("carry", sheet, SIDE)}<div class="patches">${boxes.join("")}</div>`,
  );
}

/** The masks of all images but the first, as pictures that darken the rest. `cells` are the patches that are marked in the first. */
export async function carriedMasks(looks: Looks, cells: readonly number[]): Promise<string[]> {
  const { grid, count, patches } = looks;
  const size = grid[0] * grid[1];
  const frames = Array.from({ length: count }, (_, i) => ({
    features: patches.values.subarray(i * size * patches.width, (i + 1) * size * patches.width),
  }));
  const marked = new Set(cells);
  const first = Float32Array.from({ length: 2 * size }, (_, i) =>
    marked.has(i % size) === i >= size ? 1 : 0,
  );
  const masks: string[] = [];
  for (const labels of propagateLabels(frames, first, { grid })) {
    const { classes } = labelsOfPixels(labels, grid, FACTOR);
    const data = classes.map((label) => (label === 1 ? 255 : DARK));
    masks.push(await pngAddress({ width: grid[1] * FACTOR, height: grid[0] * FACTOR, channels: 1, data }));
  }
  return masks;
}
