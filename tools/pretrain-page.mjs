// The page examples/pretrain, ready to be served.
import { join } from "node:path";
import { bundle } from "./bundle.mjs";
import { cache, root } from "./host/tool.mjs";

/**
 * Bundles the page and its worker.
 * @returns {Promise<string[]>} the folders to serve, the page's own first
 */
export async function pretrainPage() {
  const source = join(root, "examples", "pretrain");
  const built = join(cache, "examples", "pretrain");
  for (const name of ["main", "worker"]) {
    await bundle({
      entry: join(source, `${name}.ts`),
      outfile: join(built, `${name}.js`),
      platform: "browser",
    });
  }
  return [built, source, root];
}
