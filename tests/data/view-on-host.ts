// Views in plain float64, one pixel after the other: what the device's are held against.

/** What was drawn for one view. */
export interface HostDraw {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
  readonly flip: boolean;
  readonly jitter: boolean;
  readonly grey: boolean;
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  readonly hue: number;
}

const clamp = (x: number): number => Math.min(1, Math.max(0, x));
const luma = ([r, g = r, b = r]: readonly number[]): number =>
  r === g && g === b ? (r as number) : 0.299 * r! + 0.587 * g! + 0.114 * b!;

/** A view `[C, rows, columns]` of an image `[C, H, W]`. */
export function viewOnHost(
  image: ArrayLike<number>,
  [channels, height, width]: readonly [number, number, number],
  draw: HostDraw,
  [rows, columns]: readonly [number, number],
): Float64Array {
  const pixels: number[][] = [];
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const column = draw.flip ? columns - 1 - x : x;
      const v = Math.min(Math.max(((y + 0.5) * draw.height) / rows - 0.5, 0), draw.height - 1);
      const u = Math.min(Math.max(((column + 0.5) * draw.width) / columns - 0.5, 0), draw.width - 1);
      const [y0, x0] = [Math.floor(v), Math.floor(u)];
      const [y1, x1] = [Math.min(y0 + 1, draw.height - 1), Math.min(x0 + 1, draw.width - 1)];
      const at = (c: number, i: number, k: number) =>
        image[(c * height + draw.top + i) * width + draw.left + k] as number;
      pixels.push(
        Array.from({ length: channels }, (_, c) => {
          const upper = at(c, y0, x0) * (1 - (u - x0)) + at(c, y0, x1) * (u - x0);
          const lower = at(c, y1, x0) * (1 - (u - x0)) + at(c, y1, x1) * (u - x0);
          return upper * (1 - (v - y0)) + lower * (v - y0);
        }),
      );
    }
  }
  const result = colours(pixels, draw);
  return Float64Array.from({ length: channels * rows * columns }, (_, i) => {
    return result[i % (rows * columns)]![Math.floor(i / (rows * columns))]!;
  });
}

function colours(pixels: readonly number[][], draw: HostDraw): number[][] {
  const jittered = draw.jitter ? jitter(pixels, draw) : pixels;
  if (!draw.grey || pixels[0]?.length !== 3) return jittered.map((pixel) => [...pixel]);
  return jittered.map((pixel) => [luma(pixel), luma(pixel), luma(pixel)]);
}

function jitter(pixels: readonly number[][], draw: HostDraw): number[][] {
  const bright = pixels.map((pixel) => pixel.map((x) => clamp(x * draw.brightness)));
  const mean = bright.reduce((sum, pixel) => sum + luma(pixel), 0) / bright.length;
  const contrasted = bright.map((pixel) => pixel.map((x) => clamp(mean + draw.contrast * (x - mean))));
  if (pixels[0]?.length !== 3) return contrasted;
  return contrasted.map((pixel) => {
    const grey = luma(pixel);
    return turn(
      pixel.map((x) => clamp(grey + draw.saturation * (x - grey))),
      draw.hue,
    );
  });
}

/** To hue, saturation and value and back, as in the books. */
function turn(pixel: readonly number[], turns: number): number[] {
  const [r = 0, g = 0, b = 0] = pixel;
  const value = Math.max(r, g, b);
  const chroma = value - Math.min(r, g, b);
  let hue = 0;
  if (chroma > 0) {
    if (value === r) hue = (g - b) / chroma;
    else if (value === g) hue = 2 + (b - r) / chroma;
    else hue = 4 + (r - g) / chroma;
  }
  hue = (((hue / 6 + turns) % 1) + 1) % 1;
  const saturation = value === 0 ? 0 : chroma / value;
  const sector = Math.floor(hue * 6);
  const f = hue * 6 - sector;
  const p = value * (1 - saturation);
  const q = value * (1 - saturation * f);
  const t = value * (1 - saturation * (1 - f));
  return [
    [value, t, p],
    [q, value, p],
    [p, value, t],
    [p, q, value],
    [t, p, value],
    [value, p, q],
  ][sector % 6]!;
}
