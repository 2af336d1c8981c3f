import { MAX_PIXELS } from "./header.ts";

/** Decodes a JPEG file, baseline or progressive, grey, colour or CMYK, as the file has it: not turned. */
export async function decodeJpeg(
  bytes: Uint8Array,
): Promise<{ width: number; height: number; data: Uint8Array }> {
  const { decode } = await import("jpeg-js");
  return decode(bytes, {
    useTArray: true,
    formatAsRGBA: true,
    tolerantDecoding: false, // a file that was cut is damaged
    maxResolutionInMP: MAX_PIXELS / 1e6,
    maxMemoryUsageInMB: 2048,
  });
}
