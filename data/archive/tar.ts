import type { Damage } from "../collection.ts";
import type { InputFile } from "../source/input-file.ts";
import { isJunk, safePath } from "../source/paths.ts";
import type { Contents } from "./contents.ts";

const BLOCK = 512;
const MAX_NAME = 2 ** 16;

/**
 * The files of a tar archive (ustar, with the long names of GNU and POSIX). Reading stops at the first header that is
 * damaged, since nothing tells where the next one is.
 *
 * Source: data/archive/tar.ts. Format: POSIX.1-2001, pax.
 */
export async function readTar(file: InputFile): Promise<Contents> {
  const files: InputFile[] = [];
  const skipped: Damage[] = [];
  let longName: string | undefined;
  for (let at = 0; at + BLOCK <= file.size; ) {
    const header = await file.read(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) break; // the end
    const size = numberOf(header.subarray(124, 136));
    if (size === null || !checksumHolds(header)) {
      skipped.push({
        file: file.name,
        problem: `the archive is damaged at byte ${at}; what follows is not read`,
      });
      break;
    }
    const start = at + BLOCK;
    const name = longName ?? nameOf(header);
    const type = String.fromCharCode(header[156] as number);
    longName = undefined;
    if ((type === "L" || type === "x") && size <= MAX_NAME) {
      const text = textOf(await file.read(start, start + size));
      longName = type === "L" ? text : /(?:^|\n)\d+ path=([^\n]*)\n/.exec(text)?.[1];
    } else if ((type === "0" || type === "\0" || type === "7") && !name.endsWith("/") && !isJunk(name)) {
      const path = safePath(name);
      if (path === null) skipped.push({ file: name, problem: "its path leads out of the archive" });
      else if (start + size > file.size) skipped.push({ file: path, problem: "the archive ends within it" });
      else {
        const read: InputFile["read"] = (from, to) => file.read(start + from, start + Math.min(to, size));
        files.push({ name: path, size, read });
      }
    }
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  return { files, skipped };
}

function nameOf(header: Uint8Array): string {
  const name = textOf(header.subarray(0, 100));
  const isUstar = textOf(header.subarray(257, 262)) === "ustar";
  const prefix = isUstar ? textOf(header.subarray(345, 500)) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** Up to the first zero. */
function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Octal digits; or, for large files, the highest bit and then the number itself. */
function numberOf(field: Uint8Array): number | null {
  if (field[0] === 0x80) {
    const value = field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
    return Number.isSafeInteger(value) ? value : null;
  }
  const digits = textOf(field).trim();
  return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || "0", 8) : null;
}

function checksumHolds(header: Uint8Array): boolean {
  const said = numberOf(header.subarray(148, 156));
  const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  return said === sum;
}
