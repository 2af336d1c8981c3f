import type { InputFile } from "../source/input-file.ts";
import type { ImageRecords, LabelList } from "./records.ts";
import { sideOf } from "./records.ts";

const SIDE = 96;
const PLANE = SIDE * SIDE;
const IMAGE_BYTES = 3 * PLANE;
const classes = "airplane bird car cat deer dog horse monkey ship truck".split(" ");

/** Whether a file is one of STL-10's images; it has no magic number, so size and name have to do. */
export function looksLikeStl10({ name, size }: InputFile): boolean {
  const named = /(^|[/_])(train|test|unlabell?ed)_x\.bin$/i.test(name);
  return size >= IMAGE_BYTES && (named || size % IMAGE_BYTES === 0);
}

/** Whether a file's name is that of STL-10's labels, which are nothing but a byte an image. */
export const isStl10LabelName = (name: string): boolean => /(^|[/_])(train|test)_y\.bin$/i.test(name);

/**
 * Reads images of STL-10, 96 x 96 RGB whose planes lie column by column. They are read when they are asked for: the
 * unlabelled ones are 2.6 GiB.
 *
 * Source: data/formats/stl10.ts. Format: described with the data, Coates, Lee and Ng 2011.
 */
export function readStl10(file: InputFile): ImageRecords {
  const count = Math.floor(file.size / IMAGE_BYTES);
  const rest = file.size - count * IMAGE_BYTES;
  const problem = `the file was cut: its last image has ${rest} of ${IMAGE_BYTES} bytes`;
  return {
    file: file.name,
    side: sideOf(file.name) ?? "train",
    count,
    height: SIDE,
    width: SIDE,
    channels: 3,
    labels: null,
    classes: null,
    skipped: rest > 0 ? [{ file: file.name, problem }] : [],
    read: async (from, to) => turned(await file.read(from * IMAGE_BYTES, to * IMAGE_BYTES)),
  };
}

/** Labels from 0, or null where a byte is not from 1 to 10. */
export function readStl10Labels(
  file: string,
  bytes: Uint8Array,
): (LabelList & { classes: readonly string[] }) | null {
  if (bytes.length === 0 || !bytes.every((byte) => byte >= 1 && byte <= 10)) return null;
  return { file, values: Int32Array.from(bytes, (byte) => byte - 1), classes };
}

/** From `[n, channel, column, row]` to `[n, row, column, channel]`. */
function turned(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length);
  let from = 0;
  for (let start = 0; start < bytes.length; start += IMAGE_BYTES) {
    for (let channel = 0; channel < 3; channel++) {
      for (let x = 0; x < SIDE; x++) {
        for (let y = 0; y < SIDE; y++) result[start + (y * SIDE + x) * 3 + channel] = bytes[from++] as number;
      }
    }
  }
  return result;
}
