// The engine as a page loads it, minified and gzipped, against its bound: node tools/size.mjs
// What is imported only when it is used (profiling, debug lines, checks against the reference) is told apart.
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { bundle } from "./bundle.mjs";
import { ensureInstalled, HostError, root, runTool } from "./host-env.mjs";

const limit = 80 * 1024;

await runTool(async () => {
  ensureInstalled();
  const entry = join(root, "mod.ts");
  if (!existsSync(entry)) throw new HostError("there is no mod.ts to measure yet");
  const { outputFiles, metafile } = await bundle({
    absWorkingDir: root,
    entryPoints: [entry],
    outdir: "dist",
    splitting: true,
    metafile: true,
    minify: true,
    sourcemap: false,
    write: false,
    platform: "browser",
  });
  const outputs = metafile?.outputs ?? {};
  const loaded = new Set(Object.keys(outputs).filter((path) => outputs[path]?.entryPoint === "mod.ts"));
  for (const path of loaded) {
    for (const each of outputs[path]?.imports ?? [])
      if (each.kind === "import-statement") loaded.add(each.path);
  }
  let bytes = 0;
  let gzipped = 0;
  let later = 0;
  for (const file of outputFiles ?? []) {
    const size = gzipSync(file.contents, { level: 9 }).length;
    const now = loaded.has(relative(root, file.path).replaceAll("\\", "/"));
    if (now) {
      bytes += file.contents.length;
      gzipped += size;
    } else later += size;
  }
  const verdict = gzipped > limit ? "TOO LARGE" : "fits";
  console.log(
    `size: mod.ts is ${bytes} bytes minified, ${gzipped} gzipped; ${verdict} (bound ${limit}); ${later} more on demand`,
  );
  return gzipped > limit ? 1 : 0;
});
