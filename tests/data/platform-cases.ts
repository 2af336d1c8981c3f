// Files and pictures on every host: the same bytes, the same pixels.
import { emojiVendors, loadEmoji } from "../../data/emoji.ts";
import { FileReadError, fileReader } from "../../data/files.ts";
import { decodePng } from "../../data/png.ts";
import { FileFormatError } from "../../engine/io/errors.ts";
import type { Case } from "../platform/case.ts";

/** Made by `pngFile` of png-files.ts; the clear pixel is black, since browsers forget the colour of clear ones. */
const pictures = [
  [
    "RGB, 8 bits",
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAE0lEQVR4nGP4z8DAAMIM/xmZmAEZ/gMEeZtQqAAAAABJRU5ErkJggg==",
    "255,0,0,255,0,255,0,255,0,0,255,255,1,2,3,255",
  ],
  [
    "grey, 2 bits",
    "iVBORw0KGgoAAAANSUhEUgAAAAQAAAABAgAAAACW50iwAAAACklEQVR4nGOQBgAAHQAcjvT1IQAAAABJRU5ErkJggg==",
    "0,0,0,255,85,85,85,255,170,170,170,255,255,255,255,255",
  ],
  [
    "palette, 2 bits",
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACAgMAAADgGo6JAAAACVBMVEUBAgMEBQYHCAklhVbwAAAADElEQVR4nGOQYJgAAADcAKls58AjAAAAAElFTkSuQmCC",
    "1,2,3,255,4,5,6,255,7,8,9,255,7,8,9,255,4,5,6,255,1,2,3,255",
  ],
  [
    "RGBA, opaque and clear",
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAYAAAD0In+KAAAAD0lEQVR4nGPgEpH7zwAEAAaUATze4QJ5AAAAAElFTkSuQmCC",
    "10,20,30,255,0,0,0,0",
  ],
  [
    "RGB, 16 bits",
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABEAIAAADA54+dAAAAD0lEQVR4nGNoYGCo//8fAAeBAv4oyXf1AAAAAElFTkSuQmCC",
    "128,0,255,255",
  ],
] as const;

async function decodesPictures(): Promise<void> {
  for (const [name, base64, pixels] of pictures) {
    const { data } = await decodePng(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)));
    equal(data.join(), pixels, name);
  }
}

async function refusesDamage(): Promise<void> {
  const [, base64] = pictures[0];
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const failure = await decodePng(bytes.with(45, 0)).catch((error: unknown) => error);
  if (!(failure instanceof FileFormatError)) throw new Error(`want a FileFormatError, got ${failure}`);
}

/** A page finds the files below its own address; scripts find them beside this file. */
function emojiFolder(): URL {
  return "document" in globalThis
    ? new URL("data/emoji/", document.baseURI)
    : new URL("../../data/emoji/", import.meta.url);
}

async function loadsEmoji(): Promise<void> {
  const pack = await loadEmoji({ read: fileReader(emojiFolder()) });
  for (const vendor of emojiVendors) {
    equal(await sha256(pack.images[vendor]), emojiHashes[vendor], `pixels of ${vendor}`);
  }
}

/** Of the decoded [1636, 32, 32, 3] bytes. */
const emojiHashes = {
  noto: "181bbdc0efb3b9dd72f709395b7088ac737249f95e29344f7698189e8a6ba781",
  twemoji: "f45d57ee880b8f947d4deb6cb1e19e9f41549c836244782cc5f007d8a176af04",
};

async function missesFiles(): Promise<void> {
  const failure = await fileReader(emojiFolder())("none.png").catch((error: unknown) => error);
  if (!(failure instanceof FileReadError)) throw new Error(`want a FileReadError, got ${failure}`);
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", bytes.slice());
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function equal(got: string, want: string, what: string): void {
  if (got !== want) throw new Error(`${what}: got ${got}, want ${want}`);
}

export const cases: readonly Case[] = [
  { name: "PNG files give the same pixels", run: decodesPictures },
  { name: "a damaged PNG file is refused", run: refusesDamage },
  { name: "the bundled emoji give the same pixels", run: loadsEmoji },
  { name: "a file that is not there is named", run: missesFiles },
];
