// The engine as a page loads it, minified and gzipped, against its bound: node tools/size.mjs
import { existsSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { bundle } from "./bundle.mjs";
import { ensureInstalled, HostError, root, runTool } from "./host-env.mjs";

const limit = 80 * 1024;

await runTool(async () => {
  ensureInstalled();
  const entry = join(root, "mod.ts");
  if (!existsSync(entry)) throw new HostError("there is no mod.ts to measure yet");
  const { outputFiles } = await bundle({
    entryPoints: [entry],
    minify: true,
    sourcemap: false,
    write: false,
    platform: "browser",
  });
  const code = outputFiles?.[0]?.contents ?? new Uint8Array();
  const gzipped = gzipSync(code, { level: 9 }).length;
  const verdict = gzipped > limit ? "TOO LARGE" : "fits";
  console.log(
    `size: mod.ts is ${code.length} bytes minified, ${gzipped} gzipped; ${verdict} (bound ${limit})`,
  );
  return gzipped > limit ? 1 : 0;
});
