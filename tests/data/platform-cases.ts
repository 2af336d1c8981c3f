// Files and pictures on every host: the same bytes, the same pixels.
import { decodePicture } from "../../data/decode/decode.ts";
import { decodeOnPlatform, platformDecodes } from "../../data/decode/platform.ts";
import { emojiVendors, loadEmoji } from "../../data/emoji.ts";
import { FileReadError, fileReader } from "../../data/files.ts";
import { openImages } from "../../data/open-images.ts";
import { decodePng } from "../../data/png.ts";
import { FileFormatError } from "../../engine/io/errors.ts";
import type { Case } from "../platform/case.ts";
import { gifFile, gifShapes, gifText } from "./gif-files.ts";
import { pictureFile, pictureNames, picturePixels } from "./picture-files.ts";

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

/** All kinds of pictures at once, so many that workers decode them, with damage among them. */
async function opensPictures(): Promise<void> {
  const copies = [1, 2, 3];
  const given = copies.flatMap((copy) =>
    pictureNames.map((name) => ({ name: `${copy}/${name}`, bytes: async () => pictureFile(name) })),
  );
  const cut = pictureFile("jpeg").slice(0, 200);
  const files = [
    ...given,
    { name: "1/cut.jpg", bytes: async () => cut },
    { name: "2/cut.webp", bytes: async () => pictureFile("webpLossless").slice(0, 50) },
    { name: "2/text.png", bytes: async () => new TextEncoder().encode("text") },
  ];
  const { train } = await openImages(files, { size: 8, channels: 3 });
  equal(train.skipped.map(({ file }) => file).join(), "1/cut.jpg,2/cut.webp,2/text.png", "what was skipped");
  equal(String(train.images.count), String(3 * pictureNames.length), "pictures");
  train.names.forEach((name, i) => {
    const image = train.images.data.subarray(i * 192, (i + 1) * 192);
    // What has no colours, or only half of them.
    if (/TwoColours|Grey|HalfColour|webp$|Lossy/.test(name)) return;
    let worst = 0;
    image.forEach((value, at) => {
      const [x, y] = [Math.floor(at / 3) % 8, Math.floor(at / 24)];
      // The middle of the picture; the one on its side shows rows where the others show columns.
      const column = 4 + (name.includes("OnItsSide") ? y : x);
      worst = Math.max(worst, Math.abs(value - (picturePixels[(7 * 16 + column) * 3 + (at % 3)] as number)));
    });
    if (worst > 12) throw new Error(`${name}: a value is off by ${worst}`);
  });
}

/** Chromium's own decoder, which is not used since other browsers do otherwise, has the same pixels. */
async function growsGifScreens(): Promise<void> {
  for (const [what, shape, shown] of gifShapes) {
    const bytes = gifFile(shape);
    equal(gifText(await decodePicture("gif", bytes)), shown, what);
    if (platformDecodes())
      equal(gifText(await decodeOnPlatform(bytes, "image/gif")), shown, `${what}, natively`);
  }
  const cut = gifFile({ screen: [16, 16], frame: [0, 0, 16, 16] }).slice(0, 80);
  const failure = await decodePicture("gif", cut).catch((error: unknown) => error);
  equal(String(failure), "BadImage: the file was cut", "half of a GIF file");
}

const fromBase64 = (text: string) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** Three BMP pictures of one colour in two folders; and two IDX images of 4 x 4 that count from 0 to 31. */
const zipBase64 =
  "UEsDBBQAAAAIAAAAIVAdVRTRIQAAAPYAAAALAAAAc2V0L2EvMS5ibXBz8v3GAAFmQKwBxBxQzMggARY/AMRH+CAYBkS4TgxpBABQSwMEFAAAAAgAAAAhULqXMzchAAAA9gAAAAsAAABzZXQvYi8xLmJtcHPy/cYAAWZArAHEHFDMyCABFj8AxEf4IBgGRE5wDWkEAFBLAwQUAAAACAAAACFQcXVsiCEAAAD2AAAACwAAAHNldC9iLzIuYm1wc/L9xgABZkCsAcQcUMzIIAEWPwDER/ggGAZOiHANaQQAUEsBAhQDFAAAAAgAAAAhUB1VFNEhAAAA9gAAAAsAAAAAAAAAAAAAAIABAAAAAHNldC9hLzEuYm1wUEsBAhQDFAAAAAgAAAAhULqXMzchAAAA9gAAAAsAAAAAAAAAAAAAAIABSgAAAHNldC9iLzEuYm1wUEsBAhQDFAAAAAgAAAAhUHF1bIghAAAA9gAAAAsAAAAAAAAAAAAAAIABlAAAAHNldC9iLzIuYm1wUEsFBgAAAAADAAMAqwAAAN4AAAAAAA==";
const gzipBase64 = "H4sIAAAAAAACA2Ng4GBmYGBgAmIWMGZkYmZhZWPn4OTi5uHl4xcQFBIWERUTl5CUkpaRlZMHAE0EBrMwAAAA";

async function opensArchives(): Promise<void> {
  const zip = fromBase64(zipBase64);
  const open = async (name: string, bytes: Uint8Array<ArrayBuffer>) =>
    (await openImages([new File([bytes], name)])).train;
  const pictures = await open("set.zip", zip);
  equal(pictures.names.join(), "set/a/1.bmp,set/b/1.bmp,set/b/2.bmp", "names");
  equal(String(pictures.labels), "0,1,1", "labels");
  equal(
    [...pictures.images.data].filter((_, i) => i % 192 < 3).join(),
    "200,10,20,10,200,20,10,20,200",
    "pixels",
  );
  // A byte of the first picture's packed bytes.
  const damaged = await open("set.zip", zip.with(60, (zip[60] as number) ^ 16));
  equal(damaged.names.join(), "set/b/1.bmp,set/b/2.bmp", "what is left");
  equal(damaged.skipped.map(({ file }) => file).join(), "set/a/1.bmp", "what was skipped");
  const digits = await open("images.gz", fromBase64(gzipBase64));
  equal(digits.images.data.join(), Array.from({ length: 32 }, (_, i) => i).join(), "IDX in gzip");
}

export const cases: readonly Case[] = [
  { name: "PNG files give the same pixels", run: decodesPictures },
  { name: "a damaged PNG file is refused", run: refusesDamage },
  { name: "the bundled emoji give the same pixels", run: loadsEmoji },
  { name: "pictures of all kinds open as one collection", run: opensPictures },
  { name: "GIF pictures that leave the screen make it larger", run: growsGifScreens },
  { name: "archives open", run: opensArchives },
  { name: "a file that is not there is named", run: missesFiles },
];
