// Makes data/emoji from the original emoji pack:
//
//   node tools/make-emoji.mjs FOLDER
//
// FOLDER holds noto.png and twemoji.png (sheets of 64 x 64 RGBA drawings) and index.json. Written are both
// sheets over white and halved, each pixel the mean of 2 x 2 rounded to 8 bits (a half rounds up), as RGB, and
// the index without its repetitions. data/emoji/ATTRIBUTION.md names the authors and must stay with the files.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { crc32, deflateSync, constants as zlib } from "node:zlib";
import { decode } from "fast-png";

const CHANNELS = 3;

const source = process.argv[2];
if (source === undefined) {
  console.error("usage: node tools/make-emoji.mjs FOLDER");
  process.exit(2);
}
const target = join(dirname(dirname(fileURLToPath(import.meta.url))), "data", "emoji");
mkdirSync(target, { recursive: true });

for (const name of ["noto.png", "twemoji.png"]) {
  const { width, height, channels, depth, data } = decode(readFileSync(join(source, name)));
  if (channels !== 4 || depth !== 8) throw new Error(`${name} is not 8-bit RGBA`);
  save(name, encodePng(halveOverWhite(data, width, height), width / 2, height / 2));
}
save("index.json", compactIndex(JSON.parse(readFileSync(join(source, "index.json"), "utf8"))));

/**
 * @param {string} name
 * @param {Uint8Array | string} content
 */
function save(name, content) {
  writeFileSync(join(target, name), content);
  console.log(`${name}: ${Buffer.byteLength(content)} bytes`);
}

/**
 * @param {ArrayLike<number>} rgba
 * @param {number} width
 * @param {number} height
 * @returns {Uint8Array} RGB of half the width and height.
 */
function halveOverWhite(rgba, width, height) {
  const halved = new Uint8Array((width / 2) * (height / 2) * CHANNELS);
  let to = 0;
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2) {
      const corner = (y * width + x) * 4;
      const pixels = [corner, corner + 4, corner + width * 4, corner + width * 4 + 4];
      for (let channel = 0; channel < CHANNELS; channel++) {
        let sum = 0; // of colour times opacity, so 255 * 255 is white
        for (const pixel of pixels) {
          const opacity = rgba[pixel + 3] ?? 0;
          sum += (rgba[pixel + channel] ?? 0) * opacity + 255 * (255 - opacity);
        }
        halved[to++] = Math.round(sum / (4 * 255));
      }
    }
  }
  return halved;
}

/**
 * @param {{ columns: number, size: number,
 *   items: { code: string, name: string, category: string, subcategory: string }[] }} index
 */
function compactIndex({ columns, size, items }) {
  const categories = [...new Set(items.map(({ category }) => category))];
  const subcategories = [...new Set(items.map(({ subcategory }) => subcategory))];
  const rows = items.map(({ code, name, category, subcategory }) => {
    const row = [code, name, categories.indexOf(category), subcategories.indexOf(subcategory)];
    return `    [${row.map((cell) => JSON.stringify(cell)).join(", ")}]`;
  });
  const list = (/** @type {string[]} */ names) =>
    names.map((name) => `    ${JSON.stringify(name)}`).join(",\n");
  return `{
  "size": ${size / 2},
  "columns": ${columns},
  "categories": [
${list(categories)}
  ],
  "subcategories": [
${list(subcategories)}
  ],
  "items": [
${rows.join(",\n")}
  ]
}
`;
}

/**
 * A PNG file of 8-bit RGB, as small as filters and zlib make it.
 * @param {Uint8Array} rgb
 * @param {number} width
 * @param {number} height
 */
function encodePng(rgb, width, height) {
  const candidates = ["least", 0, 1, 2, 3, 4].map((filter) => filterRows(rgb, width * CHANNELS, filter));
  const packed = candidates.flatMap((rows) => {
    return [zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED].map((strategy) => {
      return deflateSync(rows, { level: 9, memLevel: 9, strategy });
    });
  });
  const smallest = packed.reduce((best, next) => (next.length < best.length ? next : best));
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8); // 8 bits, RGB
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const end = Buffer.alloc(0);
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", smallest), chunk("IEND", end)]);
}

/**
 * @param {string} name
 * @param {Uint8Array} content
 */
function chunk(name, content) {
  const bytes = Buffer.alloc(12 + content.length);
  bytes.writeUInt32BE(content.length, 0);
  bytes.write(name, 4, "latin1");
  bytes.set(content, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + content.length)), 8 + content.length);
  return bytes;
}

/**
 * Rows with their filter bytes. "least" takes for each row the one with the least sum of absolute differences.
 * @param {Uint8Array} rgb
 * @param {number} rowBytes
 * @param {number | string} filter
 */
function filterRows(rgb, rowBytes, filter) {
  const rows = [];
  /** @type {Uint8Array} */
  let above = new Uint8Array(rowBytes);
  for (let start = 0; start < rgb.length; start += rowBytes) {
    const row = rgb.subarray(start, start + rowBytes);
    const tried = filter === "least" ? [0, 1, 2, 3, 4] : [Number(filter)];
    const filtered = tried.map((kind) => filterRow(row, above, kind));
    rows.push(filtered.reduce((best, next) => (weight(next) < weight(best) ? next : best)));
    above = row;
  }
  return Buffer.concat(rows);
}

/** @param {Uint8Array} row */
function weight(row) {
  return row.subarray(1).reduce((sum, byte) => sum + Math.min(byte, 256 - byte), 0);
}

/**
 * @param {Uint8Array} row
 * @param {Uint8Array} above
 * @param {number} kind
 */
function filterRow(row, above, kind) {
  const filtered = new Uint8Array(row.length + 1);
  filtered[0] = kind;
  for (let i = 0; i < row.length; i++) {
    const left = row[i - CHANNELS] ?? 0;
    const up = above[i] ?? 0;
    const corner = above[i - CHANNELS] ?? 0;
    const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][kind] ?? 0;
    filtered[i + 1] = (row[i] ?? 0) - guess;
  }
  return filtered;
}

/**
 * @param {number} left
 * @param {number} up
 * @param {number} corner
 */
function paeth(left, up, corner) {
  const toLeft = Math.abs(up - corner);
  const toUp = Math.abs(left - corner);
  const toCorner = Math.abs(left + up - 2 * corner);
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}
