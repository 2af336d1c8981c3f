// Bundles with rolldown, which is loaded late: the tools install it first where it is missing.
import { dirname, join, relative } from "node:path";
import { root } from "./host/tool.mjs";

/** What the package exports, in the order of its documentation; the first is the engine. */
export const entries = [
  "mod.ts",
  "io.ts",
  "signal.ts",
  "tune.ts",
  "vision.ts",
  "models/mod.ts",
  "losses/mod.ts",
  "data/mod.ts",
  "training/mod.ts",
];

const common = {
  transform: { target: "es2022" },
  external: [/^node:/, "webgpu"],
  checks: { bundlerTimings: false }, // on a busy machine it would complain of the decoder's worker
};

/**
 * Leaves out the decoder of WebP, which browsers have themselves.
 * @type {import("rolldown").Plugin}
 */
const browserDecodes = {
  name: "without WebP",
  load: {
    filter: { id: /[/\\]data[/\\]decode[/\\]webp\.ts$/ },
    handler: () => "export const decodeWebp = () => { throw new Error('browsers decode WebP themselves'); };",
  },
};

/**
 * Puts the text of the worker that decodes pictures into the bundle, which then needs no file beside it.
 * @param {"node" | "browser" | "both"} platform where the bundle runs: the worker of the other one is left out
 * @returns {import("rolldown").Plugin}
 */
const decodeWorker = (platform) => ({
  name: "the decoder's worker",
  load: {
    filter: { id: /[/\\]data[/\\]decode[/\\](script-)?worker-source\.ts$/ },
    async handler(id) {
      const host = id.includes("script-worker") ? "node" : "browser";
      if (platform !== "both" && platform !== host) return "export const workerSource = null;";
      const { build } = await import("rolldown");
      const { output } = await build({
        ...common,
        input: join(root, "data/decode/worker.ts"),
        plugins: host === "browser" ? [browserDecodes] : [],
        write: false,
        output: { format: "esm", codeSplitting: false, minify: true },
      });
      return `export const workerSource = ${JSON.stringify(output[0].code)};`;
    },
  },
});

/**
 * A program in one file, with its source map.
 * @param {{ entry: string, outfile: string, platform: "node" | "browser", plugins?: import("rolldown").Plugin[],
 *   minify?: boolean }} options
 */
export async function bundle({ entry, outfile, platform, plugins = [], minify = false }) {
  const { build } = await import("rolldown");
  await build({
    ...common,
    input: entry,
    platform,
    plugins: [decodeWorker(platform), ...(platform === "browser" ? [browserDecodes] : []), ...plugins],
    output: { file: outfile, format: "esm", sourcemap: true, codeSplitting: false, minify },
  });
}

/** The engine's folders, in the order that compresses best: no folder moved to another place makes it smaller. */
const folders = [
  "kernels",
  "kernels/scalar",
  "engine/autodiff",
  "engine/ops",
  "engine/functions",
  "engine/compile/simplify",
  "engine/compile/lower",
  "engine/compile",
  "engine/ir",
  "engine/core",
  "engine/runtime",
  "engine/public",
  "engine",
];

/**
 * The package as it is shipped: one minified module for each entry. The engine is one file, which the others import
 * what they share with it from, so that a tensor from `morlet` is one for `morlet/models` too.
 * (For that it exports a few things more than its types tell, under names of one letter.)
 * @param {string[]} wanted entries, with the engine's first
 * @param {string} [folder] where they are written to; nowhere without it
 * @returns {Promise<import("rolldown").OutputChunk[]>}
 */
export async function bundlePackage(wanted, folder) {
  // Compression looks 32 KB back: files of one folder, which have most in common, go side by side, in the order in
  // which they load each other.
  const [engine] = await bundleEntries(wanted.slice(0, 1), [], undefined);
  const place = (/** @type {string} */ id) =>
    folders.indexOf(dirname(relative(root, id)).replaceAll("\\", "/"));
  const files = (engine?.moduleIds ?? []).filter((id) => place(id) >= 0);
  files.sort((a, b) => place(a) - place(b));
  return bundleEntries(wanted, files, folder);
}

/**
 * @param {string[]} wanted entries, with the engine's first
 * @param {string[]} order files of the engine, in the order in which they are to stand there
 * @param {string | undefined} folder where they are written to
 */
async function bundleEntries(wanted, order, folder) {
  const { build } = await import("rolldown");
  const paths = wanted.map((entry) => join(root, entry));
  const [engine = ""] = paths;
  /** Files that wait until they are used; by then the engine is there. */
  const late =
    /(engine[/\\](describe|compile[/\\]watch-passes|runtime[/\\](timing|plan-check|node-gpu)|ops[/\\](phases-apart|on-host[/\\]all))|kernels[/\\]software)\.ts$/;
  const { output } = await build({
    ...common,
    cwd: root,
    input: Object.fromEntries(wanted.map((entry) => [entry.replace(/\.ts$/, ""), join(root, entry)])),
    // What all entries have in common lands in the engine's own file, if all of them load that.
    plugins: [
      decodeWorker("both"),
      {
        name: "load the engine first, in its order",
        transform: (code, id) => {
          const first = id === engine ? order : paths.includes(id) || late.test(id) ? [engine] : [];
          const imports = first.map((file) => `import ${JSON.stringify(file)};\n`);
          return imports.length > 0 ? imports.join("") + code : null;
        },
      },
    ],
    treeshake: { moduleSideEffects: (id) => id === engine },
    preserveEntrySignatures: "allow-extension",
    write: folder !== undefined,
    output: {
      dir: folder ?? "dist",
      format: "esm",
      sourcemap: folder !== undefined,
      minify: true,
      comments: { annotation: false, jsdoc: false },
      chunkFileNames: "chunks/[name]-[hash].js",
    },
  });
  return output.filter((file) => file.type === "chunk");
}
