import { isScriptHost } from "../host.ts";

/** Whether pictures are decoded by the browser itself; Node and Deno have no decoder. */
export function platformDecodes(): boolean {
  return !isScriptHost() && typeof createImageBitmap === "function" && typeof OffscreenCanvas === "function";
}

/** Decodes a picture of any kind that the browser knows: upright, colour profiles left alone, not premultiplied. */
export async function decodeOnPlatform(bytes: Uint8Array, type: string) {
  const file = new Blob([bytes.slice()], { type }); // slice: a Blob takes no shared memory
  const bitmap = await createImageBitmap(file, {
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
    imageOrientation: "from-image",
  });
  try {
    const { width, height } = bitmap;
    // Asking for frequent reads keeps the canvas in host memory: no way through the GPU, which may round.
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    if (context === null) throw new Error(`no canvas of ${width} x ${height} can be had`);
    context.drawImage(bitmap, 0, 0);
    return { width, height, channels: 4 as const, data: context.getImageData(0, 0, width, height).data };
  } finally {
    bitmap.close();
  }
}
