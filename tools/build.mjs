// Builds dist/: the package's ES modules, minified, with their source maps and types, and the command `morlet` with the
// bundled images. node tools/build.mjs
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { bundle, bundlePackage, entries } from "./bundle.mjs";
import { ensureInstalled } from "./host/install.mjs";
import { HostError, root, runTool } from "./host/tool.mjs";

await runTool(async () => {
  ensureInstalled();
  const present = entries.filter((entry) => existsSync(join(root, entry)));
  if (present[0] !== entries[0]) throw new HostError("there is no mod.ts to build yet");
  const dist = join(root, "dist");
  rmSync(dist, { recursive: true, force: true });
  await bundlePackage(present, dist);
  const command = join(dist, "cli", "morlet.js");
  await bundle({ entry: join(root, "cli", "main.ts"), outfile: command, platform: "node", minify: true });
  chmodSync(command, 0o755);
  cpSync(join(root, "data", "emoji"), join(dist, "data", "emoji"), { recursive: true });
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const types = spawnSync(process.execPath, [tsc, "-p", "tools/tsconfig.build.json"], {
    cwd: root,
    stdio: "inherit",
  });
  if (types.status !== 0) return 1;
  console.log(`build: dist/ holds ${present.join(", ")} and their types, and the command morlet`);
});
