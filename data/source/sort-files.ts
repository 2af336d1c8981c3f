import type { ArchiveKind } from "../archive/open-archive.ts";
import { type Damage, reason } from "../collection.ts";
import { type CifarLabels, cifarKind, mayBeCifar, readCifar } from "../formats/cifar.ts";
import { readIdx } from "../formats/idx.ts";
import { HEAD_BYTES, isImageKind, isImageName, kindOf, whyNoImage } from "../formats/kind.ts";
import { readNpyImages } from "../formats/npy-images.ts";
import type { ImageRecords, LabelList, Layout } from "../formats/records.ts";
import { isStl10LabelName, looksLikeStl10, readStl10, readStl10Labels } from "../formats/stl10.ts";
import type { Labels } from "./arrays.ts";
import type { Watch } from "./candidates.ts";
import { inOrder } from "./in-order.ts";
import { type InputFile, readWhole } from "./input-file.ts";
import type { PictureFile } from "./pictures.ts";

/** What is asked of files of images one after the other. */
export interface Wanted {
  readonly labels: CifarLabels;
  readonly layout: Layout;
}

/** Files by what they hold. */
export interface SortedFiles {
  readonly pictures: readonly PictureFile[];
  readonly records: readonly ImageRecords[];
  readonly labels: readonly Labels[];
  readonly archives: readonly { readonly file: InputFile; readonly kind: ArchiveKind }[];
  /** What should hold images and does not. */
  readonly skipped: readonly Damage[];
  /** Files that nobody takes for images, such as a README. */
  readonly others: number;
}

/** Files of arrays are read whole up to this size; larger ones of known kinds are read piece by piece. */
const MAX_WHOLE = 2 ** 30;

/** Tells files apart by their content; names only decide whether it is worth a word that one is no image. */
export async function sortFiles(
  files: readonly InputFile[],
  wanted: Wanted,
  watch: Watch,
): Promise<SortedFiles> {
  const all = await inOrder(files, async (file) => {
    watch.check();
    try {
      return await sortOne(file, wanted);
    } catch (error) {
      return { skipped: { file: file.name, problem: reason(error) } };
    }
  });
  return {
    pictures: all.flatMap((each) => ("picture" in each ? [each.picture] : [])),
    records: all.flatMap((each) => ("records" in each ? [each.records] : [])),
    labels: all.flatMap((each) => ("labels" in each ? [each.labels] : [])),
    archives: all.flatMap((each) => ("archive" in each ? [each.archive] : [])),
    skipped: all.flatMap((each) => ("skipped" in each ? [each.skipped] : [])),
    others: all.filter((each) => "other" in each).length,
  };
}

type Sorted =
  | { readonly picture: PictureFile }
  | { readonly records: ImageRecords }
  | { readonly labels: Labels }
  | { readonly archive: SortedFiles["archives"][number] }
  | { readonly skipped: Damage }
  | { readonly other: true };

async function sortOne(file: InputFile, wanted: Wanted): Promise<Sorted> {
  const kind = kindOf(await file.read(0, HEAD_BYTES));
  if (isImageKind(kind)) return { picture: { file, kind } };
  if (isImageName(file.name)) return { skipped: { file: file.name, problem: whyNoImage(kind) } };
  if (kind === "zip" || kind === "gzip" || kind === "tar") return { archive: { file, kind } };
  const found = await readArrays(file, kind, wanted);
  if (found) return "values" in found ? { labels: found } : { records: found };
  const what = /\.(zip|tar|tgz|gz)$/i.test(file.name)
    ? "no archive"
    : isArrayName(file.name)
      ? "none of IDX, CIFAR, STL-10 and npy"
      : null;
  if (what === null) return { other: true };
  return { skipped: { file: file.name, problem: `the file is ${kind === "empty" ? "empty" : what}` } };
}

/** Whether a file's name says that it holds images or labels one after the other. */
const isArrayName = (name: string): boolean => /\.(bin|npy|idx)$|-ubyte$/i.test(name);

async function readArrays(
  file: InputFile,
  kind: string,
  { labels, layout }: Wanted,
): Promise<ImageRecords | LabelList | null> {
  const { name, size } = file;
  const whole = async () => {
    if (size > MAX_WHOLE)
      throw new Error(`the file has ${size} bytes; files of its kind may have ${MAX_WHOLE}`);
    return await readWhole(file);
  };
  // The first bytes of CIFAR may look like other formats; its labels, at the start of each record, do not.
  if ((kind === "unknown" || kind === "text" || kind === "idx") && (await mayBeCifar(file))) {
    const bytes = await whole();
    const cifar = cifarKind(bytes);
    if (cifar) return readCifar(name, bytes, cifar, labels);
  }
  if (isStl10LabelName(name)) {
    const found = readStl10Labels(name, await whole());
    if (found) return found;
  }
  if (kind === "idx") return readIdx(name, await whole(), layout);
  if (kind === "npy") return readNpyImages(name, await whole(), layout);
  if (kind !== "unknown" && kind !== "text") return null;
  return looksLikeStl10(file) ? readStl10(file) : null;
}
