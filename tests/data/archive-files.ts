// Archives made by hand, honest ones and others.
import { crc32, deflateRawSync, gzipSync } from "node:zlib";

export interface ZipItem {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly stored?: boolean;
  /** What the directory says instead of the truth. */
  readonly lies?: {
    size?: number;
    crc?: number;
    packed?: number;
    at?: number;
    flags?: number;
    method?: number;
  };
}

/** A zip archive; in the 64-bit form where asked for. */
export function zipFile(items: readonly ZipItem[], { wide = false } = {}): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, bytes, stored = false, lies = {} } of items) {
    const content = Buffer.from(stored ? bytes : deflateRawSync(bytes));
    const path = Buffer.from(name);
    const { flags = 1 << 11, method = stored ? 0 : 8, crc = crc32(bytes), size = bytes.length } = lies;
    const packed = lies.packed ?? content.length;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(path.length, 26);
    const place = lies.at ?? at;
    const extra = Buffer.alloc(wide ? 28 : 0);
    if (wide) {
      extra.writeUInt16LE(1, 0);
      extra.writeUInt16LE(24, 2);
      [size, packed, place].forEach((value, i) => {
        extra.writeBigUInt64LE(BigInt(value), 4 + 8 * i);
      });
    }
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(flags, 8);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(crc, 16);
    entry.writeUInt32LE(wide ? 0xffffffff : packed, 20);
    entry.writeUInt32LE(wide ? 0xffffffff : size, 24);
    entry.writeUInt16LE(path.length, 28);
    entry.writeUInt16LE(extra.length, 30);
    entry.writeUInt32LE(wide ? 0xffffffff : place, 42);
    directory.push(entry, path, extra);
    parts.push(local, path, content);
    at += local.length + path.length + content.length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  if (wide) {
    const record = Buffer.alloc(76);
    record.writeUInt32LE(0x06064b50, 0);
    record.writeBigUInt64LE(BigInt(items.length), 24);
    record.writeBigUInt64LE(BigInt(items.length), 32);
    record.writeBigUInt64LE(BigInt(size), 40);
    record.writeBigUInt64LE(BigInt(at), 48);
    record.writeUInt32LE(0x07064b50, 56);
    record.writeBigUInt64LE(BigInt(at + size), 64);
    record.writeUInt32LE(1, 72);
    directory.push(record);
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(wide ? 0xffff : items.length, 10);
  end.writeUInt32LE(wide ? 0xffffffff : size, 12);
  end.writeUInt32LE(wide ? 0xffffffff : at, 16);
  return new Uint8Array(Buffer.concat([...parts, ...directory, end]));
}

/** A tar archive of the form ustar; names longer than 100 letters the way GNU writes them. */
export function tarFile(items: readonly { name: string; bytes: Uint8Array }[]): Uint8Array {
  const member = (name: string, bytes: Uint8Array, type: string): Buffer => {
    const header = Buffer.alloc(512);
    header.write(name.slice(0, 100), 0, "utf8");
    header.write("0000644\0", 100, "latin1");
    header.write(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124, "latin1");
    header.write(type, 156, "latin1");
    header.write("ustar\0", 257, "latin1");
    header.fill(32, 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
    return Buffer.concat([header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
  };
  const parts = items.flatMap(({ name, bytes }) => [
    ...(name.length > 100 ? [member("././@LongLink", new TextEncoder().encode(`${name}\0`), "L")] : []),
    member(name, bytes, "0"),
  ]);
  return new Uint8Array(Buffer.concat([...parts, Buffer.alloc(1024)]));
}

export const gzipFile = (bytes: Uint8Array): Uint8Array => new Uint8Array(gzipSync(bytes));
