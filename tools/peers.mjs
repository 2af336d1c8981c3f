// The library beside others, in one page of headless Chromium:
// npm run bench:peers -- [part of a task's name] [--rounds n] [--peers morlet,tensorflow,jax,onnx] [--cold]
// Installs the others into bench/peers/node_modules first. One JSON line for each task and library, then a table of
// medians; short tasks take three times as many rounds. With --cold: the time from loading each library to the end of its
// first training step, each in a fresh page.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runPage } from "./browser/run-page.mjs";
import { bundle } from "./bundle.mjs";
import { inColumns } from "./columns.mjs";
import { ensureInstalled } from "./host/install.mjs";
import { cache, HostError, root, runTool } from "./host/tool.mjs";

const folder = join(root, "bench", "peers");
const names = ["morlet", "tensorflow", "jax", "onnx"];

await runTool(async () => {
  const { only, rounds, peers, cold } = options(process.argv.slice(2));
  ensureInstalled();
  installPeers();
  const out = join(cache, "peers");
  for (const name of ["page", ...peers]) {
    // Not minified: TensorFlow.js tells its shaders apart by the names of classes.
    await bundle({
      entry: join(folder, `${name}.ts`),
      outfile: join(out, `${name}.js`),
      platform: "browser",
    });
  }
  /** @type {Line[]} */
  const lines = [];
  const orders = cold
    ? peers.filter((name) => name !== "onnx").map((name) => ({ only: only || "ViT", cold: name }))
    : [{ only, rounds, peers, versions: versions() }];
  let code = 0;
  for (const order of orders) {
    writeFileSync(
      join(out, "index.html"),
      `<!doctype html><meta charset="utf-8"><script>globalThis.__order = ${JSON.stringify(order)}</script>
      <script type="module" src="./page.js"></script>`,
    );
    const result = await runPage([out, join(folder, "node_modules", "onnxruntime-web", "dist")], {
      onLine: (text) => {
        if (!text.startsWith("{")) return console.error(text);
        console.log(text);
        lines.push(JSON.parse(text));
      },
    });
    if (result.error) {
      console.error(result.error);
      code = 1;
    }
  }
  console.log(table(lines));
  return code;
});

/** The versions of the libraries, by the names that they call themselves in the page. */
function versions() {
  const { dependencies } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return {
    Morlet: version,
    "TensorFlow.js": dependencies["@tensorflow/tfjs-core"],
    "jax-js": dependencies["@jax-js/jax"],
    "ONNX Runtime Web": dependencies["onnxruntime-web"],
  };
}

/** @typedef {{ task?: string, peer: string, error?: string, ms?: { median?: number, first: number }, dispatches?: number, peakBytes?: number }} Line */

/** @param {string[]} args */
function options(args) {
  const found = { only: "", rounds: 5, peers: names, cold: false };
  for (let i = 0; i < args.length; i++) {
    const arg = /** @type {string} */ (args[i]);
    if (arg === "--cold") found.cold = true;
    else if (arg === "--rounds") found.rounds = Number(args[++i]);
    else if (arg === "--peers") found.peers = (args[++i] ?? "").split(",");
    else if (arg.startsWith("--"))
      throw new HostError(`unknown option ${arg}: there are --rounds, --peers and --cold`);
    else found.only = arg;
  }
  if (!(Number.isInteger(found.rounds) && found.rounds > 0))
    throw new HostError("--rounds needs a whole number");
  const unknown = found.peers.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new HostError(`--peers knows ${names.join(", ")}, not ${unknown.join(", ")}`);
  return found;
}

function installPeers() {
  const lock = readFileSync(join(folder, "package-lock.json"), "utf8");
  const stamp = join(folder, "node_modules", ".installed");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  console.error("installing the libraries to compare with (npm ci in bench/peers)");
  const { status } = spawnSync(
    "npm",
    ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
    {
      cwd: folder,
      stdio: ["ignore", "inherit", "inherit"],
      shell: process.platform === "win32",
    },
  );
  if (status !== 0) throw new HostError("npm ci failed in bench/peers: see its message above");
  writeFileSync(stamp, lock);
}

/**
 * Medians side by side, and how many times as long each library took as Morlet.
 * @param {Line[]} lines
 */
function table(lines) {
  const tasks = [...new Set(lines.flatMap(({ task }) => task ?? []))];
  const peers = [...new Set(lines.flatMap(({ task, peer }) => (task ? [peer] : [])))];
  const timeOf = (/** @type {Line | undefined} */ line) => line?.ms && (line.ms.median ?? line.ms.first);
  const rows = tasks.map((task) => {
    const of = (/** @type {string} */ peer) => lines.find((line) => line.task === task && line.peer === peer);
    const ours = timeOf(of("Morlet"));
    return [
      task,
      ...peers.map((peer) => {
        const line = of(peer);
        const time = timeOf(line);
        if (time === undefined) return line?.error ? "error" : "";
        const ratio = ours && peer !== "Morlet" ? ` ${(time / ours).toFixed(1)}x` : "";
        const count = line?.dispatches === undefined ? "" : ` (${line.dispatches})`;
        return `${time.toFixed(time < 100 ? 1 : 0)}${count}${ratio}`;
      }),
    ];
  });
  return inColumns([["ms (dispatches)", ...peers], ...rows]);
}
