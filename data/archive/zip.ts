import type { Damage } from "../collection.ts";
import type { InputFile } from "../source/input-file.ts";
import { isJunk, safePath } from "../source/paths.ts";
import { BadArchive, type Contents, MAX_FILE_BYTES, MAX_TOTAL_BYTES } from "./contents.ts";
import { crc32 } from "./crc32.ts";
import { inflate, inflateStart } from "./inflate.ts";

const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const LOCAL_BYTES = 30;
const ENTRY_BYTES = 46;
/** The longest comment that may follow the end record. */
const MAX_COMMENT = 0xffff;
const MAX_DIRECTORY = 2 ** 28;
const ENCRYPTED = 1;
const UTF8 = 1 << 11;
const STORED = 0;
const DEFLATED = 8;

interface Entry {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  /** Where its local header starts. */
  readonly at: number;
}

/**
 * The files of a zip archive by its directory at the end. Nothing is believed that can be checked: sizes, checksums,
 * places that overlap, paths that lead out; what fails is damage of that file alone.
 *
 * @throws {BadArchive} If the directory itself cannot be read.
 *
 * Source: data/archive/zip.ts. Format: PKWARE's APPNOTE 6.3.
 */
export async function readZip(file: InputFile): Promise<Contents> {
  const entries = await readDirectory(file);
  const overlapping = findOverlaps(entries);
  const files: InputFile[] = [];
  const skipped: Damage[] = [];
  const seen = new Set<string>();
  let total = 0;
  for (const entry of entries) {
    if (entry.name.endsWith("/") || isJunk(entry.name)) continue;
    const name = safePath(entry.name);
    const problem = name === null ? "its path leads out of the archive" : problemOf(entry);
    const refused =
      problem ??
      (seen.has(name as string) ? "the archive has another file of that name" : null) ??
      (overlapping.has(entry) ? "it shares bytes with another file of the archive" : null) ??
      (total + entry.size > MAX_TOTAL_BYTES ? "the archive unpacks to more than may be" : null);
    if (refused !== null) {
      skipped.push({ file: name ?? entry.name, problem: refused });
      continue;
    }
    seen.add(name as string);
    total += entry.size;
    files.push(entryFile(file, entry, name as string));
  }
  return { files, skipped };
}

function problemOf({ flags, method, size, packed }: Entry): string | null {
  if (flags & ENCRYPTED || method === 99) return "it is encrypted";
  if (method !== STORED && method !== DEFLATED) {
    return `it is packed in a way that is not supported (method ${method})`;
  }
  if (size > MAX_FILE_BYTES) return `it is too large: ${size} bytes unpacked`;
  if (method === STORED && size !== packed) return "its sizes contradict each other";
  return null;
}

async function readDirectory(file: InputFile): Promise<Entry[]> {
  const tailStart = Math.max(0, file.size - END_BYTES - MAX_COMMENT);
  const tail = await file.read(tailStart, file.size);
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  let end = tail.length - END_BYTES;
  while (end >= 0 && !isEnd(view, end)) end--;
  if (end < 0) throw new BadArchive("the zip file was cut: its directory, which lies at the end, is missing");
  const disks = [view.getUint16(end + 4, true), view.getUint16(end + 6, true)];
  let [size, offset] = [view.getUint32(end + 12, true), view.getUint32(end + 16, true)];
  let count = view.getUint16(end + 10, true);
  let directoryEnd = tailStart + end;
  if (count === 0xffff || size === 0xffffffff || offset === 0xffffffff) {
    const found = await readEnd64(file, directoryEnd);
    if (found) ({ count, size, offset, at: directoryEnd } = found);
  }
  if (disks.some((disk) => disk !== 0 && disk !== 0xffff)) {
    throw new BadArchive("the zip file is one part of several");
  }
  // What is put in front of an archive, such as a program that unpacks it, moves all places.
  const shift = directoryEnd - size - offset;
  if (shift < 0) throw new BadArchive("the zip file's directory lies outside of the file");
  if (size > MAX_DIRECTORY) throw new BadArchive(`the zip file's directory is too large: ${size} bytes`);
  return parseEntries(await file.read(offset + shift, directoryEnd), count, shift);
}

const isEnd = (view: DataView, at: number): boolean =>
  view.getUint32(at, true) === END && at + END_BYTES + view.getUint16(at + 20, true) <= view.byteLength;

/** The end record of archives with more or larger files than 16 and 32 bits count. */
async function readEnd64(file: InputFile, end: number) {
  if (end < 20) return null;
  const locator = viewOf(await file.read(end - 20, end));
  if (locator.byteLength < 20 || locator.getUint32(0, true) !== LOCATOR_64) return null;
  const at = wide(locator, 8);
  if (at + 56 > end) throw new BadArchive("the zip file's directory lies outside of the file");
  const record = viewOf(await file.read(at, at + 56));
  if (record.byteLength < 56 || record.getUint32(0, true) !== END_64) {
    throw new BadArchive("the zip file's directory is damaged");
  }
  return { at, count: wide(record, 32), size: wide(record, 40), offset: wide(record, 48) };
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const wide = (view: DataView, at: number): number => Number(view.getBigUint64(at, true));

function parseEntries(bytes: Uint8Array, count: number, shift: number): Entry[] {
  const view = viewOf(bytes);
  const entries: Entry[] = [];
  for (let at = 0; at + ENTRY_BYTES <= bytes.length; ) {
    if (view.getUint32(at, true) !== ENTRY) break;
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) =>
      view.getUint16(at + field, true),
    ) as [number, number, number];
    const flags = view.getUint16(at + 8, true);
    const nameStart = at + ENTRY_BYTES;
    const extraStart = nameStart + nameLength;
    const next = extraStart + extraLength + commentLength;
    if (next > bytes.length) break;
    const sizes = wideSizes(view, extraStart, extraLength, [
      view.getUint32(at + 24, true),
      view.getUint32(at + 20, true),
      view.getUint32(at + 42, true),
    ]);
    entries.push({
      name: nameOf(bytes.subarray(nameStart, extraStart), flags),
      flags,
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      size: sizes[0],
      packed: sizes[1],
      at: sizes[2] + shift,
    });
    at = next;
  }
  // Counts of more than 16 bits wrap around in archives of old programs.
  if (entries.length % 0x10000 !== count % 0x10000) {
    throw new BadArchive(
      `the zip file's directory is damaged: ${entries.length} of ${count} files are in it`,
    );
  }
  return entries;
}

type Sizes = [size: number, packed: number, at: number];

/** Takes those that do not fit into 32 bits from the extra field. */
function wideSizes(view: DataView, start: number, length: number, narrow: Sizes): Sizes {
  const sizes: Sizes = [...narrow];
  if (!sizes.includes(0xffffffff)) return sizes;
  for (let at = start; at + 4 <= start + length; ) {
    const end = at + 4 + view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === 1) {
      let from = at + 4;
      sizes.forEach((size, i) => {
        if (size !== 0xffffffff || from + 8 > Math.min(end, start + length)) return;
        sizes[i] = wide(view, from);
        from += 8;
      });
    }
    at = end;
  }
  return sizes;
}

function nameOf(bytes: Uint8Array, flags: number): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder(flags & UTF8 ? "utf-8" : "latin1").decode(bytes);
  }
}

/** Entries whose bytes are also another one's: a small archive can unpack to a huge one that way. */
function findOverlaps(entries: readonly Entry[]): Set<Entry> {
  const found = new Set<Entry>();
  const ordered = [...entries].sort((a, b) => a.at - b.at);
  let last: Entry | undefined;
  let end = 0;
  for (const entry of ordered) {
    if (last && entry.at < end) {
      found.add(entry);
      found.add(last);
    }
    const entryEnd = entry.at + LOCAL_BYTES + entry.packed;
    if (entryEnd > end) [last, end] = [entry, entryEnd];
  }
  return found;
}

/** Room for the blocks' own bytes, so that a start of packed bytes gives as many unpacked ones. */
const START_ROOM = 256;

function entryFile(archive: InputFile, entry: Entry, name: string): InputFile {
  const { method, packed, size, crc } = entry;
  let start: number | undefined;
  const packedBytes = async (from: number, to: number) => {
    start ??= await contentStart(archive, entry);
    const bytes = await archive.read(start + from, start + Math.min(to, packed));
    if (bytes.length < Math.min(to, packed) - from) throw new Error("the archive ends within it");
    return bytes;
  };
  const read = async (from: number, to: number) => {
    const wanted = Math.min(to, size);
    if (method === STORED && (from > 0 || wanted < size)) return await packedBytes(from, wanted);
    if (from === 0 && wanted < size && wanted + START_ROOM < packed) {
      return await inflateStart(await packedBytes(0, wanted + START_ROOM), "deflate-raw", wanted);
    }
    const bytes = await packedBytes(0, packed);
    const whole = method === STORED ? bytes : await inflate(bytes, "deflate-raw", size);
    if (whole.length !== size) throw new Error(`it has ${whole.length} bytes; the archive says ${size}`);
    if (crc32(whole) !== crc) throw new Error("its bytes are damaged: the checksum is another one");
    return whole.subarray(from, wanted);
  };
  return { name, size, read };
}

async function contentStart(archive: InputFile, { at }: Entry): Promise<number> {
  const header = viewOf(await archive.read(at, at + LOCAL_BYTES));
  if (header.byteLength < LOCAL_BYTES || header.getUint32(0, true) !== LOCAL) {
    throw new Error("it is not where the archive's directory says");
  }
  return at + LOCAL_BYTES + header.getUint16(26, true) + header.getUint16(28, true);
}
