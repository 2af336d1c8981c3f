// The engine as it is shipped and as a page loads it, gzipped, against its bound: node tools/size.mjs
// What is imported only when it is used (profiling, debug lines, checks against the reference) is told apart.
import { engineSize, SIZE_BOUND } from "./engine-size.mjs";
import { ensureInstalled } from "./host/install.mjs";
import { runTool } from "./host/tool.mjs";

await runTool(async () => {
  ensureInstalled();
  const { bytes, gzipped, onDemand } = await engineSize();
  const tooLarge = gzipped > SIZE_BOUND;
  console.log(
    `size: mod.js is ${bytes} bytes minified, ${gzipped} gzipped; ${tooLarge ? "TOO LARGE" : "fits"} (bound ${SIZE_BOUND}); ${onDemand} more on demand`,
  );
  return tooLarge ? 1 : 0;
});
