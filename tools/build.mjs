// Builds dist/: the package's ES modules, minified, with their source maps and types. node tools/build.mjs
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { bundlePackage, entries } from "./bundle.mjs";
import { ensureInstalled, HostError, root, runTool } from "./host-env.mjs";

await runTool(async () => {
  ensureInstalled();
  const present = entries.filter((entry) => existsSync(join(root, entry)));
  if (present[0] !== entries[0]) throw new HostError("there is no mod.ts to build yet");
  const dist = join(root, "dist");
  rmSync(dist, { recursive: true, force: true });
  await bundlePackage(present, dist);
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const types = spawnSync(process.execPath, [tsc, "-p", "tools/tsconfig.build.json"], {
    cwd: root,
    stdio: "inherit",
  });
  if (types.status !== 0) return 1;
  console.log(`build: dist/ holds ${present.join(", ")} and their types`);
});
