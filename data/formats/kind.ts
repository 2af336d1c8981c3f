import { looksLikeIdx } from "./idx.ts";

export type ImageKind = "png" | "jpeg" | "gif" | "bmp" | "webp";
export type FileKind =
  | ImageKind
  | "zip"
  | "gzip"
  | "tar"
  | "npy"
  | "idx"
  | "tiff"
  | "heif"
  | "empty"
  | "text"
  | "unknown";

const imageKinds: readonly FileKind[] = ["png", "jpeg", "gif", "bmp", "webp"];
export const isImageKind = (kind: FileKind): kind is ImageKind => imageKinds.includes(kind);

/** Bytes that `kindOf` wants to see. */
export const HEAD_BYTES = 512;

const signatures: readonly (readonly [FileKind, number, string])[] = [
  ["png", 0, "\x89PNG\r\n\x1a\n"],
  ["jpeg", 0, "\xff\xd8\xff"],
  ["gif", 0, "GIF87a"],
  ["gif", 0, "GIF89a"],
  ["zip", 0, "PK\x03\x04"],
  ["zip", 0, "PK\x05\x06"], // an empty one
  ["gzip", 0, "\x1f\x8b\x08"],
  ["tar", 257, "ustar"],
  ["npy", 0, "\x93NUMPY"],
  ["tiff", 0, "II*\0"],
  ["tiff", 0, "MM\0*"],
  ["heif", 4, "ftyp"], // HEIC, AVIF and films
];

/** What a file is, told by its first bytes and not by its name. */
export function kindOf(head: Uint8Array): FileKind {
  if (head.length === 0) return "empty";
  const has = (at: number, text: string) =>
    head.length >= at + text.length && Array.from(text).every((c, i) => head[at + i] === c.charCodeAt(0));
  const found = signatures.find(([, at, text]) => has(at, text));
  if (found) return found[0];
  if (has(0, "RIFF") && has(8, "WEBP")) return "webp";
  if (has(0, "BM") && head.length > 26 && has(6, "\0\0\0\0")) return "bmp";
  if (looksLikeIdx(head)) return "idx";
  return isText(head) ? "text" : "unknown";
}

function isText(head: Uint8Array): boolean {
  const controls = head.filter((byte) => byte < 9 || (byte > 13 && byte < 32 && byte !== 27)).length;
  if (controls > 0) return false;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true }); // the last character may be cut
    return true;
  } catch {
    return false;
  }
}

const imageName = /\.(png|jpe?g|jfif|gif|bmp|webp|tiff?|heic|heif|avif)$/i;

/** Whether a file's name says that it is a picture. */
export const isImageName = (name: string): boolean => imageName.test(name);

/** Why a file that should be a picture is none, in plain words. */
export function whyNoImage(kind: FileKind): string {
  switch (kind) {
    case "empty":
      return "the file is empty";
    case "text":
      return "the file is text, not an image";
    case "tiff":
      return "the file is a TIFF image, which is not supported; save it as PNG or JPEG";
    case "heif":
      return "the file is HEIC, AVIF or a film, which is not supported; save it as PNG or JPEG";
    case "zip":
    case "gzip":
    case "tar":
      return "the file is an archive, not an image";
    case "npy":
    case "idx":
      return "the file is an array, not an image";
    default:
      return "the file does not start like any known image (PNG, JPEG, GIF, BMP, WebP)";
  }
}
