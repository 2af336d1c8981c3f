import type { Damage } from "../collection.ts";
import type { InputFile } from "../source/input-file.ts";
import { type ImageRecords, interleave, sideOf } from "./records.ts";

const SIDE = 32;
const PIXELS = SIDE * SIDE;
const IMAGE_BYTES = 3 * PIXELS;

export type CifarKind = 10 | 100;
/** Of CIFAR-100: its 100 classes, or the 20 that they fall into. */
export type CifarLabels = "fine" | "coarse";

/** Class among the 20 of each of the 100 classes of CIFAR-100. */
export const coarseOfFine: readonly number[] = (
  "4 1 14 8 0 6 7 7 18 3 3 14 9 18 7 11 3 9 7 11 6 11 5 10 7 6 13 15 3 15 0 11 1 10 12 14 16 9 11 5 5 19 8 8 15 13 14 " +
  "17 18 10 16 4 17 4 2 0 17 4 18 17 10 3 2 12 12 16 12 1 9 19 2 10 0 1 16 12 9 13 15 13 16 19 2 4 6 19 5 5 8 19 18 1 " +
  "2 15 6 0 17 8 14 13"
)
  .split(" ")
  .map(Number);

const cifar10Classes = "airplane automobile bird cat deer dog frog horse ship truck".split(" ");
const coarseClasses = [
  "aquatic mammals, fish, flowers, food containers, fruit and vegetables, household electrical devices",
  "household furniture, insects, large carnivores, large man-made outdoor things, large natural outdoor scenes",
  "large omnivores and herbivores, medium-sized mammals, non-insect invertebrates, people, reptiles",
  "small mammals, trees, vehicles 1, vehicles 2",
].flatMap((line) => line.split(", "));

/** Labels that the published files may hold at the start of a record. */
const labelBytes = (kind: CifarKind): number => (kind === 10 ? 1 : 2);
const isRecord = (kind: CifarKind, first: number, second: number): boolean =>
  kind === 10 ? first < 10 : second < 100 && coarseOfFine[second] === first;

/** A look at the first labels, so that other large files need not be read. */
export async function mayBeCifar(file: InputFile): Promise<boolean> {
  for (const kind of [100, 10] as const) {
    const recordBytes = labelBytes(kind) + IMAGE_BYTES;
    const records = Math.min(5, Math.floor(file.size / recordBytes));
    let right = 0;
    for (let i = 0; i < records; i++) {
      const [first = 255, second = 255] = await file.read(i * recordBytes, i * recordBytes + 2);
      if (isRecord(kind, first, second)) right++;
    }
    if (records > 0 && right >= records / 2) return true;
  }
  return false;
}

/** Records to look at before a file without a magic number is taken for CIFAR. */
const LOOKED_AT = 64;

/** Which CIFAR a file is, told by the labels that stand where they should; null if none. */
export function cifarKind(bytes: Uint8Array): CifarKind | null {
  for (const kind of [100, 10] as const) {
    const recordBytes = labelBytes(kind) + IMAGE_BYTES;
    const records = Math.floor(bytes.length / recordBytes);
    // A cut file has no whole number of records; then the labels alone have to be many to be no chance.
    if (records === 0 || (bytes.length % recordBytes !== 0 && records < 16)) continue;
    const step = Math.max(1, Math.floor(records / LOOKED_AT));
    let right = 0;
    let seen = 0;
    for (let i = 0; i < records; i += step, seen++) {
      const at = i * recordBytes;
      const isLabel = isRecord(kind, bytes[at] as number, bytes[at + 1] as number);
      // A file of nothing but small numbers has them where labels should be, too.
      if (isLabel && bytes.subarray(at, at + recordBytes).some((byte) => byte >= 100)) right++;
    }
    if (right >= 0.9 * seen) return kind;
  }
  return null;
}

/**
 * Reads a binary file of CIFAR-10 or CIFAR-100: 32 x 32 RGB. Records with an impossible label are left out, and so is
 * the rest of a record at the end of a file that was cut.
 *
 * Source: data/formats/cifar.ts. Format: described with the data, Krizhevsky 2009.
 */
export function readCifar(
  file: string,
  bytes: Uint8Array,
  kind: CifarKind,
  wanted: CifarLabels = "fine",
): ImageRecords {
  const before = labelBytes(kind);
  const recordBytes = before + IMAGE_BYTES;
  const total = Math.floor(bytes.length / recordBytes);
  const skipped: Damage[] = [];
  const starts: number[] = [];
  const labels: number[] = [];
  for (let i = 0; i < total; i++) {
    const at = i * recordBytes;
    const [first = 0, second = 0] = [bytes[at], bytes[at + 1]];
    if (!isRecord(kind, first, second)) {
      const shown = kind === 10 ? `${first}` : `${first} and ${second}`;
      skipped.push({ file: `${file}#${i}`, problem: `there is no class ${shown} in CIFAR-${kind}` });
      continue;
    }
    starts.push(at + before);
    labels.push(kind === 100 && wanted === "fine" ? second : first);
  }
  const rest = bytes.length - total * recordBytes;
  if (rest > 0) skipped.push({ file, problem: `the file was cut: its last record has ${rest} bytes` });
  const read: ImageRecords["read"] = async (from, to) => {
    const images = new Uint8Array((to - from) * IMAGE_BYTES);
    starts.slice(from, to).forEach((start, i) => {
      images.set(interleave(bytes.subarray(start, start + IMAGE_BYTES), 3), i * IMAGE_BYTES);
    });
    return images;
  };
  return {
    file,
    side: sideOf(file),
    count: starts.length,
    height: SIDE,
    width: SIDE,
    channels: 3,
    labels: Int32Array.from(labels),
    classes: classesOf(kind, wanted),
    skipped,
    read,
  };
}

function classesOf(kind: CifarKind, wanted: CifarLabels): readonly string[] {
  if (kind === 10) return cifar10Classes;
  return wanted === "coarse" ? coarseClasses : coarseOfFine.map((_, fine) => `class ${fine}`);
}
