// Runs a script of examples/scripts: node tools/example.mjs NAME [--host node|deno] [arguments of the script]
// or serves the page examples/pretrain for a browser: node tools/example.mjs pretrain [--port N]
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { serve } from "./browser/serve.mjs";
import { bundle } from "./bundle.mjs";
import { hostEnv } from "./host/adapter.mjs";
import { ensureInstalled } from "./host/install.mjs";
import { denoBinary, runHost } from "./host/run.mjs";
import { cache, HostError, root, runTool } from "./host/tool.mjs";
import { pretrainPage } from "./pretrain-page.mjs";

/** What the page keeps in the browser belongs to its address, so that is the same every time. */
const PORT = 8470;

const folder = join(root, "examples", "scripts");

await runTool(async () => {
  const names = readdirSync(folder).map((file) => file.replace(/\.ts$/, ""));
  const [name = "", ...rest] = process.argv.slice(2);
  if (name === "pretrain") return servePage(rest);
  if (!names.includes(name)) {
    throw new HostError(
      `${name === "" ? "name an example" : `there is no example ${name}`}: pretrain, ${names.join(", ")}`,
    );
  }
  const at = rest.indexOf("--host");
  const host = at < 0 ? "node" : rest[at + 1];
  const args = at < 0 ? rest : rest.toSpliced(at, 2);
  if (host !== "node" && host !== "deno")
    throw new HostError(`--host is node or deno, not ${host ?? "nothing"}`);
  ensureInstalled();
  const entry = join(folder, `${name}.ts`);
  const { env } = hostEnv();
  if (host === "deno")
    return runHost(denoBinary(), ["run", "-A", "--unstable-webgpu", entry, ...args], { env });
  // Bundled because Node 20 does not read TypeScript; inside node_modules, so that `webgpu` is found.
  const outfile = join(cache, "examples", `${name}.mjs`);
  await bundle({ entry, outfile, platform: "node" });
  return runHost(process.execPath, [outfile, ...args], { env });
});

/** @param {string[]} args */
async function servePage(args) {
  const [flag, text] = args;
  const port = flag === undefined ? PORT : Number(text);
  if ((flag !== undefined && flag !== "--port") || args.length > 2 || !Number.isInteger(port) || port < 0) {
    throw new HostError(`the page takes --port and a number, not ${args.join(" ")}`);
  }
  ensureInstalled();
  const { url } = await serve(await pretrainPage(), port);
  console.log(`open ${url} in a browser with WebGPU; Ctrl-C ends it`);
}
