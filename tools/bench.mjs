// Benchmarks: npm run bench -- [name] [--rounds n] [--compare revision] [--only part of a bench's name] [--host chromium]
// `name` is a file of bench/ (mlp, host-cost, matmul, ...) or `size`; all of them without it. One JSON line for each
// result, then a table of all. With --compare, another revision of the engine runs the same benchmarks, round by round
// in turn. With --host chromium they run in a page of a headless browser instead of in Node.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { benchTable } from "./bench-table.mjs";
import { runPage } from "./browser/run-page.mjs";
import { bundle } from "./bundle.mjs";
import { engineSize } from "./engine-size.mjs";
import { ensureInstalled } from "./host/install.mjs";
import { runHost } from "./host/run.mjs";
import { cache, HostError, root, runTool } from "./host/tool.mjs";

const folders = ["bench", "bench/kernels", "bench/steps"];
/** What a revision's engine is: its entry points lie in the folder of the project itself. */
const engineParts = /^(engine|kernels|[a-z]+\.ts)$/;
const parts = ["bench.ts", "peaks.ts", "runner.ts"];
/** The one benchmark that runs nothing. */
const SIZE = "size";

await runTool(async () => {
  ensureInstalled();
  const { names, rounds, compare, only, host } = options(process.argv.slice(2));
  const inPage = host === "chromium";
  const platform = inPage ? "browser" : "node";
  const out = join(cache, "bench");
  rmSync(out, { recursive: true, force: true });
  const revision = revisionOf("HEAD") + (isClean() ? "" : "+");
  const trees = [{ revision, tree: root }];
  if (compare) trees.push({ revision: revisionOf(compare), tree: checkOut(compare, join(out, "compared")) });
  await bundle({
    entry: join(root, "bench", "runner.ts"),
    outfile: join(out, "runner.mjs"),
    platform,
  });
  let code = 0;
  /** @type {import("./bench-table.mjs").Line[]} */
  const lines = [];
  const onLine = (/** @type {string} */ line) => {
    console.log(line);
    if (line.startsWith("{")) lines.push(JSON.parse(line));
  };
  for (const file of benchFiles(names)) {
    const name = basename(file, ".ts");
    if (inPage && name === "host-cost") continue; // it computes on a device that only Node has
    const bundles = [];
    for (const [i, { revision, tree }] of trees.entries()) {
      const outfile = join(out, `${i}`, `${name}.mjs`);
      await bundle({
        entry: join(root, file),
        outfile,
        platform,
        plugins: [engineOf(tree)],
      });
      bundles.push({ revision, path: inPage ? `./${i}/${name}.mjs` : pathToFileURL(outfile).href });
    }
    const order = JSON.stringify({ bundles, file, rounds, only });
    code ||= inPage
      ? await runInPage(out, order, onLine)
      : await runHost(process.execPath, [join(out, "runner.mjs"), order], { onLine });
  }
  if (names.length === 0 || names.includes(SIZE)) {
    const { bytes, gzipped, onDemand } = await engineSize();
    const size = { bytes, gzippedBytes: gzipped, onDemandBytes: onDemand };
    onLine(JSON.stringify({ bench: SIZE, variant: "engine", revision, ...size }));
  }
  console.log(benchTable(lines));
  return code;
});

/**
 * @param {string} folder with the bundles
 * @param {string} order
 * @param {(line: string) => void} onLine
 */
async function runInPage(folder, order, onLine) {
  const page = `<!doctype html><script>globalThis.__order = ${order}</script>
    <script type="module" src="./runner.mjs"></script>`;
  writeFileSync(join(folder, "index.html"), page);
  const failure = await runPage([folder], { onLine });
  if (failure) console.error(failure);
  return failure ? 1 : 0;
}

/** @param {string[]} args */
function options(args) {
  /** @type {Record<string, string>} */
  const named = { rounds: "", compare: "", only: "", host: "node" };
  const names = [];
  for (let i = 0; i < args.length; i++) {
    const arg = /** @type {string} */ (args[i]);
    const flag = arg.startsWith("--") ? arg.slice(2) : undefined;
    if (flag === undefined) names.push(arg);
    else if (flag in named && args[i + 1] !== undefined) named[flag] = /** @type {string} */ (args[++i]);
    else
      throw new HostError(
        `unknown option ${arg}: there are --rounds n, --compare revision, --only text and --host chromium`,
      );
  }
  const rounds = Number(named.rounds);
  if (named.rounds !== "" && (!Number.isInteger(rounds) || rounds < 1))
    throw new HostError("--rounds needs a whole number above 0");
  const host = named.host ?? "";
  if (host !== "node" && host !== "chromium") throw new HostError("--host is node or chromium");
  return { names, rounds, compare: named.compare ?? "", only: named.only ?? "", host };
}

/** @param {string[]} names */
function benchFiles(names) {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((file) => file.endsWith(".ts") && !(folder === "bench" && parts.includes(file)))
      .map((file) => `${folder}/${file}`),
  );
  const known = [...files.map((file) => basename(file, ".ts")), SIZE];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new HostError(`no benchmark is called ${unknown.join(", ")}: there are ${known.join(", ")}`);
  // Tuning leaves a table behind: only when it is asked for.
  return files.filter((file) => {
    const name = basename(file, ".ts");
    return names.length === 0 ? name !== "tune" : names.includes(name);
  });
}

/** @param {string[]} args */
function git(...args) {
  const { status, stdout, stderr } = spawnSync("git", args, {
    cwd: root,
    encoding: "buffer",
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new HostError(`git ${args[0]}: ${stderr?.toString().trim() || "failed"}`);
  return stdout;
}

/** @param {string} name */
function revisionOf(name) {
  return existsSync(join(root, ".git")) ? git("rev-parse", "--short", name).toString().trim() : "unknown";
}

function isClean() {
  return !existsSync(join(root, ".git")) || git("status", "--porcelain", "-uno").toString().trim() === "";
}

/**
 * The engine as it was in another revision.
 * @param {string} revision
 * @param {string} folder
 */
function checkOut(revision, folder) {
  mkdirSync(folder, { recursive: true });
  const names = git("ls-tree", "--name-only", revision).toString().split("\n");
  const archive = git("archive", "--format=tar", revision, ...names.filter((name) => engineParts.test(name)));
  const tar = spawnSync("tar", ["-x", "-C", folder], { input: archive });
  if (tar.status !== 0) throw new HostError("tar is needed to unpack another revision");
  return folder;
}

/**
 * Lets the benchmarks of this tree, and its models, use the engine of another: all of its files that are there, or
 * there would be two engines.
 * @param {string} tree
 * @returns {import("rolldown").Plugin}
 */
function engineOf(tree) {
  return {
    name: "engine",
    resolveId(source, importer) {
      if (tree === root || !importer || !source.startsWith(".")) return null;
      const path = relative(root, join(dirname(importer), source));
      const twin = join(tree, path);
      return engineParts.test(path.split(sep)[0] ?? "") && existsSync(twin) ? twin : null;
    },
  };
}
