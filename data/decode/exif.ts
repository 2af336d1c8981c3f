/** How rows and columns of a photograph lie: 1 upright, 3 upside down, 6 and 8 on a side; 2, 4, 5, 7 mirrored, too. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const HEADER = "Exif\0\0";
const ORIENTATION_TAG = 0x0112;

/**
 * The orientation that a camera wrote into the segment APP1 of a JPEG file, without marker and length; undefined where
 * there is none or the segment is damaged.
 */
export function readOrientation(segment: Uint8Array): Orientation | undefined {
  if (!Array.from(HEADER).every((c, i) => segment[i] === c.charCodeAt(0))) return undefined;
  const tiff = segment.subarray(HEADER.length);
  if (tiff.length < 8) return undefined;
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const little = view.getUint16(0) === 0x4949;
  const table = view.getUint32(4, little);
  if (table + 2 > tiff.length) return undefined;
  const entries = view.getUint16(table, little);
  for (let i = 0; i < entries; i++) {
    const at = table + 2 + 12 * i;
    if (at + 12 > tiff.length) return undefined;
    if (view.getUint16(at, little) !== ORIENTATION_TAG) continue;
    const value = view.getUint16(at + 8, little);
    return value >= 1 && value <= 8 ? (value as Orientation) : undefined;
  }
  return undefined;
}

/**
 * Turns the pixels of a decoded photograph upright.
 *
 * @param pixels `[height, width, channels]` as the file has them.
 */
export function upright(
  pixels: Uint8Array | Uint8ClampedArray,
  [height, width, channels]: readonly [number, number, number],
  orientation: Orientation,
): Uint8Array | Uint8ClampedArray {
  if (orientation === 1) return pixels;
  const turned = orientation >= 5;
  const [rows, columns] = turned ? [width, height] : [height, width];
  const fromRight = [2, 3, 7, 8].includes(orientation);
  const fromBottom = [3, 4, 6, 7].includes(orientation);
  const result = new Uint8Array(pixels.length);
  for (let y = 0, to = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const [row, column] = turned ? [x, y] : [y, x];
      const from = (fromBottom ? height - 1 - row : row) * width + (fromRight ? width - 1 - column : column);
      for (let c = 0; c < channels; c++) result[to++] = pixels[from * channels + c] as number;
    }
  }
  return result;
}
