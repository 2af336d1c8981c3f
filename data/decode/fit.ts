import type { Picture } from "./picture.ts";
import { resizeHost } from "./resize-host.ts";

export type Fit = "cover" | "stretch";

/** How a picture of any size becomes one of the set's images. */
export interface Target {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly fit: Fit;
  /** Red, green and blue behind what is not opaque. */
  readonly background: readonly [number, number, number];
}

/** Bytes `[height, width, channels]` of a picture: over the background, cut or stretched to shape, resized. */
export function fitPicture({ width, height, data }: Picture, target: Target): Uint8Array {
  const colours = overBackground(data, target.background);
  return fitImage(target.channels === 3 ? colours : greyOf(colours), { width, height }, target);
}

/** The colours (or the grey) of each pixel, where it is not opaque with the background behind it. */
export function overBackground(
  data: Picture["data"],
  background: Target["background"],
  colours: 1 | 3 = 3,
): Uint8Array {
  const behind = colours === 3 ? background : greyOf(Uint8Array.from(background));
  const result = new Uint8Array((data.length / (colours + 1)) * colours);
  for (let from = 0, to = 0; from < data.length; from += colours + 1, to += colours) {
    const opacity = data[from + colours] as number;
    for (let c = 0; c < colours; c++) {
      const value = data[from + c] as number;
      const mixed =
        opacity === 255 ? value : (value * opacity + (behind[c] as number) * (255 - opacity)) / 255;
      result[to + c] = Math.round(mixed);
    }
  }
  return result;
}

/** What the eye takes for brightness, with Pillow's weights. */
function greyOf(colours: Uint8Array): Uint8Array {
  const grey = new Uint8Array(colours.length / 3);
  for (let i = 0, from = 0; i < grey.length; i++, from += 3) {
    const [r, g, b] = [colours[from] as number, colours[from + 1] as number, colours[from + 2] as number];
    grey[i] = (r * 19595 + g * 38470 + b * 7471 + 32768) >> 16;
  }
  return grey;
}

/** The same for bytes `[height, width, channels]` that have the target's channels. */
export function fitImage(
  data: Uint8Array,
  { width, height }: { width: number; height: number },
  target: Pick<Target, "height" | "width" | "channels" | "fit">,
): Uint8Array {
  if (width === target.width && height === target.height) return data;
  const box = target.fit === "cover" ? centred(width, height, target) : { left: 0, top: 0, width, height };
  return resizeHost(data, { width, height, channels: target.channels }, target, { box, filter: "bilinear" });
}

/** The largest part in the middle that has the target's shape; it may start between pixels. */
function centred(width: number, height: number, target: { height: number; width: number }) {
  const scale = Math.min(width / target.width, height / target.height);
  const box = { width: scale * target.width, height: scale * target.height };
  return { ...box, left: (width - box.width) / 2, top: (height - box.height) / 2 };
}
