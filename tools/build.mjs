// Builds dist/: ES modules that share their chunks, so that a tensor from `morlet` is one for `morlet/models`
// too, and their types. node tools/build.mjs
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "./bundle.mjs";
import { ensureInstalled, HostError, root, runTool } from "./host-env.mjs";

const entries = [
  "mod.ts",
  "io.ts",
  "signal.ts",
  "models/mod.ts",
  "losses/mod.ts",
  "data/mod.ts",
  "training/mod.ts",
];

await runTool(async () => {
  ensureInstalled();
  const entryPoints = entries.filter((entry) => existsSync(join(root, entry)));
  if (entryPoints.length === 0) throw new HostError("there is no mod.ts to build yet");
  rmSync(join(root, "dist"), { recursive: true, force: true });
  await bundle({
    absWorkingDir: root,
    entryPoints,
    outdir: "dist",
    outbase: ".",
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    external: ["node:*", "webgpu"],
  });
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const types = spawnSync(process.execPath, [tsc, "-p", "tools/tsconfig.build.json"], {
    cwd: root,
    stdio: "inherit",
  });
  if (types.status !== 0) return 1;
  console.log(`build: dist/ holds ${entryPoints.join(", ")} and their types`);
});
