// The engine as it is shipped and as a page loads it, gzipped, against its bound: node tools/size.mjs
// What is imported only when it is used (profiling, debug lines, checks against the reference) is told apart.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { bundlePackage, entries } from "./bundle.mjs";
import { ensureInstalled, HostError, root, runTool } from "./host-env.mjs";

const limit = 80 * 1024;

await runTool(async () => {
  ensureInstalled();
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
  const size = sum(loaded, zipped);
  const verdict = size > limit ? "TOO LARGE" : "fits";
  const bytes = sum(loaded, (code) => code.length);
  console.log(
    `size: mod.js is ${bytes} bytes minified, ${size} gzipped; ${verdict} (bound ${limit}); ${sum(later, zipped)} more on demand`,
  );
  return size > limit ? 1 : 0;
});
