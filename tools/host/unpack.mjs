// The binaries that come in the package @sparticuz/chromium.
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { cache, HostError, root } from "./tool.mjs";

/** Whether the packaged Chromium and SwiftShader run on this machine. */
export const hasPackagedBinaries = process.platform === "linux" && process.arch === "x64";

/**
 * Unpacks brotli-packed tar archives of @sparticuz/chromium into a folder, once.
 * @param {string} name of the folder inside the cache
 * @param {Record<string, (path: string) => boolean>} archives which files to take from which archive
 */
export function unpack(name, archives) {
  const source = join(root, "node_modules", "@sparticuz", "chromium");
  if (!existsSync(source)) throw new HostError("the package @sparticuz/chromium is missing: run npm ci");
  const version = JSON.parse(readFileSync(join(source, "package.json"), "utf8")).version;
  const folder = join(cache, `${name}-${version}`);
  if (existsSync(folder)) return folder;
  // A partly written folder must never pass for a whole one, and two tools may unpack at once.
  const partial = `${folder}.${process.pid}.partial`;
  for (const [archive, wanted] of Object.entries(archives)) {
    const bytes = brotliDecompressSync(readFileSync(join(source, "bin", archive)));
    const files = archive.endsWith(".tar.br") ? untar(bytes) : [{ path: archive.slice(0, -3), bytes }];
    for (const file of files) {
      if (!wanted(file.path)) continue;
      const target = join(partial, file.path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, file.bytes);
      chmodSync(target, 0o755);
    }
  }
  try {
    renameSync(partial, folder);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/**
 * The plain files of a tar archive (ustar).
 * @param {Buffer} tar
 */
function* untar(tar) {
  const text = (/** @type {number} */ at, /** @type {number} */ size) =>
    tar
      .subarray(at, at + size)
      .toString("latin1")
      .replace(/\0.*$/s, "");
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8) || 0;
    const type = text(at + 156, 1);
    if (type === "" || type === "0") {
      yield { path: text(at, 100), bytes: tar.subarray(at + 512, at + 512 + size) };
    }
    at += 512 + Math.ceil(size / 512) * 512;
  }
}
