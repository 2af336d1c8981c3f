import { axisTaps, type FilterName, type Taps } from "../augment/filters.ts";

interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Box extends Size {
  readonly left: number;
  readonly top: number;
}

/**
 * Resizes a part of an image on the host as Pillow does: the filter widened by the shrinking, columns before rows, 8-bit
 * numbers in between.
 *
 * @param data `[height, width, channels]`
 * @param options.box The part to show, in pixels, which may lie between them. Default: all.
 */
export function resizeHost(
  data: Uint8Array,
  from: Size & { readonly channels: number },
  to: Size,
  { box, filter }: { box?: Box; filter: FilterName },
): Uint8Array {
  const { width, height, channels } = from;
  const { left, top, width: boxWidth, height: boxHeight } = box ?? { left: 0, top: 0, ...from };
  const across = fixedPoint(axisTaps(filter, width, to.width, left, boxWidth));
  const down = fixedPoint(axisTaps(filter, height, to.height, top, boxHeight));
  // Rows above and below the part are not looked at.
  const firstRow = down[0]?.first ?? 0;
  const end = down.reduce((most, { first, weights }) => Math.max(most, first + weights.length), 0);
  const shown = data.subarray(firstRow * width * channels, end * width * channels);
  const narrow = pass(shown, end - firstRow, width, channels, across);
  // Rows are resized as the columns of the turned image would be: a stride is all that differs.
  const result = new Uint8Array(to.height * to.width * channels);
  const rowBytes = to.width * channels;
  down.forEach(({ first, weights }, y) => {
    for (let at = 0; at < rowBytes; at++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) {
        sum += (weights[k] as number) * (narrow[(first - firstRow + k) * rowBytes + at] as number);
      }
      result[y * rowBytes + at] = toByte(sum);
    }
  });
  return result;
}

function pass(
  data: Uint8Array,
  rows: number,
  columns: number,
  channels: number,
  taps: readonly Taps[],
): Uint8Array {
  const result = new Uint8Array(rows * taps.length * channels);
  let to = 0;
  for (let y = 0; y < rows; y++) {
    for (const { first, weights } of taps) {
      const start = (y * columns + first) * channels;
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = 0, at = start + c; k < weights.length; k++, at += channels) {
          sum += (weights[k] as number) * (data[at] as number);
        }
        result[to++] = toByte(sum);
      }
    }
  }
  return result;
}

/** Pillow's weights have 22 bits after the point, and so sums can lie in the middle between two bytes. */
const UNIT = 2 ** 22;

function fixedPoint(taps: readonly Taps[]): Taps[] {
  return taps.map(({ first, weights }) => ({
    first,
    weights: weights.map((w) => Math.trunc(w * UNIT + Math.sign(w) * 0.5)),
  }));
}

const toByte = (sum: number): number => Math.min(255, Math.max(0, Math.floor((sum + UNIT / 2) / UNIT)));
