import { existsSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { bundlePackage, entries } from "./bundle.mjs";
import { HostError, root } from "./host/tool.mjs";

/** What the engine may weigh, gzipped. */
export const SIZE_BOUND = 80 * 1024;

/** The engine as it is shipped and as a page loads it: bytes of its code, and gzipped; `onDemand` is loaded when it is used. */
export async function engineSize() {
  const present = entries.filter((entry) => existsSync(join(root, entry)));
  if (present[0] !== entries[0]) throw new HostError("there is no mod.ts to measure yet");
  const chunks = new Map((await bundlePackage(present)).map((c) => [c.fileName, c]));
  const loaded = new Set(["mod.js"]);
  for (const name of loaded) for (const each of chunks.get(name)?.imports ?? []) loaded.add(each);
  const later = new Set();
  for (const name of [...loaded, ...later])
    for (const each of chunks.get(name)?.dynamicImports ?? []) if (!loaded.has(each)) later.add(each);
  const sum = (/** @type {Iterable<string>} */ names, /** @type {(code: string) => number} */ measure) =>
    [...names].reduce((n, name) => n + measure(chunks.get(name)?.code ?? ""), 0);
  const zipped = (/** @type {string} */ code) => gzipSync(code, { level: 9 }).length;
  return {
    bytes: sum(loaded, (code) => code.length),
    gzipped: sum(loaded, zipped),
    onDemand: sum(later, zipped),
  };
}
