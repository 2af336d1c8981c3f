// Vitest under the host environment: node tools/vitest.mjs [vitest arguments], e.g. tests/runtime -t buffers
import { join } from "node:path";
import { ensureInstalled } from "./host/install.mjs";
import { runHost } from "./host/run.mjs";
import { root, runTool } from "./host/tool.mjs";

const vitest = join(root, "node_modules", "vitest", "vitest.mjs");

await runTool(async () => {
  ensureInstalled();
  const args = process.argv.slice(2);
  const watch = args[0] === "watch";
  return runHost(process.execPath, [vitest, ...(watch ? args : ["run", ...args])]);
});
