// Runs the main program: node tools/start.mjs [--host node|deno|chromium] [arguments of the program]
import { existsSync } from "node:fs";
import { join } from "node:path";
import { runPage } from "./browser/run-page.mjs";
import { bundle } from "./bundle.mjs";
import { hostEnv } from "./host/adapter.mjs";
import { ensureInstalled } from "./host/install.mjs";
import { denoBinary, runHost } from "./host/run.mjs";
import { cache, HostError, root, runTool } from "./host/tool.mjs";
import { pretrainPage } from "./pretrain-page.mjs";

await runTool(async () => {
  const { host, args: typed } = parse(process.argv.slice(2));
  ensureInstalled();
  if (host === "chromium") return inChromium(typed[0] === "pretrain" ? typed.slice(1) : typed);
  // Flags alone are those of the main job, but for the one that every program has.
  const [first = "--"] = typed;
  const args = first.startsWith("-") && first !== "--version" ? ["pretrain", ...typed] : typed;
  const entry = source("cli/main.ts");
  // The program runs where the user stands, which `npm start` hides; what ships with the project is at MORLET_ROOT.
  const options = {
    cwd: process.env.INIT_CWD ?? process.cwd(),
    env: { ...hostEnv().env, MORLET_ROOT: root },
  };
  if (host === "deno") {
    const config = join(root, "deno.json");
    return runHost(
      denoBinary(),
      ["run", "-A", "--unstable-webgpu", "--config", config, entry, ...args],
      options,
    );
  }
  const outfile = join(cache, "cli.mjs");
  // Bundled because Node 20 does not read TypeScript; inside node_modules, so that `webgpu` is found.
  await bundle({ entry, outfile, platform: "node" });
  return runHost(process.execPath, ["--enable-source-maps", outfile, ...args], options);
});

/** @param {string[]} args */
function parse(args) {
  const at = args.findIndex((arg) => arg === "--host" || arg.startsWith("--host="));
  if (at < 0) return { host: "node", args };
  const [name, inline] = /** @type {string} */ (args[at]).split("=");
  const host = inline ?? args[at + 1];
  if (!host || !["node", "deno", "chromium"].includes(host)) {
    throw new HostError(`${name} is node, deno or chromium, not ${host ?? "nothing"}`);
  }
  return { host, args: args.filter((_, i) => i !== at && (inline !== undefined || i !== at + 1)) };
}

/** @param {string} path */
function source(path) {
  const full = join(root, path);
  if (!existsSync(full))
    throw new HostError(`there is no ${path} yet, so there is nothing to run on this host`);
  return full;
}

/**
 * The page examples/pretrain in a headless Chromium: its console goes to the terminal, arguments reach it in its
 * address (`--epochs 2` as `?epochs=2`), Ctrl-C calls its `globalThis.__stop`, and it ends by setting `__done`.
 * @param {string[]} args
 */
async function inChromium(args) {
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const result = await runPage(await pretrainPage(), {
    path: `?${new URLSearchParams([["start", "now"], ...query(args)])}`,
    onLine: (line, type) => (type === "error" ? console.error(line) : console.log(line)),
    signal: stop.signal,
  });
  if (result?.error !== undefined) return 1;
  return stop.signal.aborted ? 130 : 0;
}

/** @param {string[]} args */
function query(args) {
  /** @type {string[][]} */
  const pairs = [];
  for (const arg of args) {
    const [, name, value] = /^--([^=]+)(?:=(.*))?$/.exec(arg) ?? [];
    const last = pairs.at(-1);
    if (name !== undefined) pairs.push([name, value ?? ""]);
    else if (last?.[1] === "") last[1] = arg;
    else throw new HostError(`the page takes --name value, not a bare ${arg}`);
  }
  return pairs;
}
