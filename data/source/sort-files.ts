import type { ArchiveKind } from "../archive/open-archive.ts";
import { type Damage, reason } from "../collection.ts";
import { type CifarLabels, cifarKind, readCifar } from "../formats/cifar.ts";
import { readIdx } from "../formats/idx.ts";
import { HEAD_BYTES, isImageKind, isImageName, kindOf, whyNoImage } from "../formats/kind.ts";
import { readNpyImages } from "../formats/npy-images.ts";
import type { ImageRecords, LabelList } from "../formats/records.ts";
import { looksLikeStl10, looksLikeStl10Labels, readStl10, readStl10Labels } from "../formats/stl10.ts";
import type { Labels } from "./arrays.ts";
import type { Watch } from "./candidates.ts";
import { type InputFile, readWhole } from "./input-file.ts";
import type { PictureFile } from "./pictures.ts";

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
  wanted: CifarLabels,
  watch: Watch,
): Promise<SortedFiles> {
  const pictures: PictureFile[] = [];
  const records: ImageRecords[] = [];
  const labels: Labels[] = [];
  const archives: { file: InputFile; kind: ArchiveKind }[] = [];
  const skipped: Damage[] = [];
  let others = 0;
  for (const file of files) {
    watch.check();
    try {
      const kind = kindOf(await file.read(0, HEAD_BYTES));
      if (isImageKind(kind)) pictures.push({ file, kind });
      else if (kind === "zip" || kind === "gzip" || kind === "tar") archives.push({ file, kind });
      else if (isImageName(file.name)) skipped.push({ file: file.name, problem: whyNoImage(kind) });
      else {
        const found = await readArrays(file, kind, wanted);
        if (!found) others++;
        else if ("values" in found) labels.push(found);
        else records.push(found);
      }
    } catch (error) {
      skipped.push({ file: file.name, problem: reason(error) });
    }
  }
  return { pictures, records, labels, archives, skipped, others };
}

async function readArrays(
  file: InputFile,
  kind: string,
  wanted: CifarLabels,
): Promise<ImageRecords | LabelList | null> {
  const { name, size } = file;
  const whole = async () => {
    if (size > MAX_WHOLE)
      throw new Error(`the file has ${size} bytes; files of its kind may have ${MAX_WHOLE}`);
    return await readWhole(file);
  };
  // The first bytes of CIFAR may look like other formats; its labels, at the start of each record, do not.
  if (size <= MAX_WHOLE && (kind === "unknown" || kind === "text" || kind === "idx")) {
    const bytes = await readWhole(file);
    const cifar = cifarKind(bytes);
    if (cifar) return readCifar(name, bytes, cifar, wanted);
    if (looksLikeStl10Labels(file, bytes)) return readStl10Labels(name, bytes);
  }
  if (kind === "idx") return readIdx(name, await whole());
  if (kind === "npy") return readNpyImages(name, await whole());
  if (kind !== "unknown" && kind !== "text") return null;
  return looksLikeStl10(file) ? readStl10(file) : null;
}
