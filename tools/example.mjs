// Runs a script of examples/scripts: node tools/example.mjs NAME [--host node|deno] [arguments of the script]
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "./bundle.mjs";
import {
  cache,
  denoBinary,
  ensureInstalled,
  HostError,
  hostEnv,
  root,
  runHost,
  runTool,
} from "./host-env.mjs";

const folder = join(root, "examples", "scripts");

await runTool(async () => {
  const names = readdirSync(folder).map((file) => file.replace(/\.ts$/, ""));
  const [name = "", ...rest] = process.argv.slice(2);
  if (!names.includes(name)) {
    throw new HostError(
      `${name === "" ? "name a script" : `there is no script ${name}`}: ${names.join(", ")}`,
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
