import type { Picture } from "./decode.ts";
import { resizeHost } from "./resize-host.ts";

export type Fit = "cover" | "stretch";

/** How a picture of any size becomes one of the set's images. */
export interface Target {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  readonly fit: Fit;
  /** Red, green and blue behind what is not opaque. */
  readonly background: readonly [number, number, number];
}

/** Bytes `[height, width, channels]` of a picture: over the background, cut or stretched to shape, resized. */
export function fitPicture({ width, height, data }: Picture, target: Target): Uint8Array {
  const { channels, background } = target;
  const opaque = new Uint8Array(width * height * channels);
  const over = (from: number, c: number): number => {
    const opacity = data[from + 3] as number;
    const value = data[from + c] as number;
    if (opacity === 255) return value;
    return (value * opacity + (background[c] as number) * (255 - opacity)) / 255;
  };
  for (let from = 0, to = 0; from < data.length; from += 4) {
    if (channels === 1) {
      opaque[to++] = Math.round(0.299 * over(from, 0) + 0.587 * over(from, 1) + 0.114 * over(from, 2));
    } else {
      for (let c = 0; c < 3; c++) opaque[to++] = Math.round(over(from, c));
    }
  }
  return fitImage(opaque, { width, height }, target);
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
