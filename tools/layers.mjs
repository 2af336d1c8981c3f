// Checks which folder imports which, that no modules import each other in a circle when they run, and that
// the top level holds known folders alone. Exit code 1 and one line for each slip.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** What the programs at the top of the house may use. */
const everything = [
  ...["mod.ts", "io.ts", "signal.ts", "tune.ts", "vision.ts"],
  ...["engine", "kernels", "models", "losses", "data", "training"],
];

/**
 * Who may import whom. A file belongs to the longest path here that holds it; every layer may import itself.
 * `packages` lists prefixes of bare imports ("node:fs", "webgpu"); layers without it run on the bare web platform.
 * @type {Record<string, { may: string[], packages?: string[] }>}
 */
export const table = {
  "mod.ts": { may: ["engine"] },
  "io.ts": { may: ["engine"] },
  "signal.ts": { may: ["engine"] },
  "tune.ts": { may: ["engine"] },
  "vision.ts": { may: ["engine"] },
  "engine/core": { may: [] },
  // A record says how its primitive becomes part of a kernel, so the graph knows the types of scalar programs.
  "engine/ir": { may: ["engine/core", "kernels"] },
  "engine/ops": { may: ["engine/core", "engine/ir", "kernels"] },
  "engine/functions": {
    may: ["engine/core", "engine/ir", "engine/ops", "engine/autodiff", "engine/host-constant.ts"],
  },
  "engine/autodiff": { may: ["engine/core", "engine/ir"] },
  "engine/compile": { may: ["engine/core", "engine/ir", "kernels"] },
  "engine/runtime": { may: ["engine/core", "engine/ir", "kernels"] },
  "engine/io": { may: ["engine/core", "engine/tensor.ts"] },
  "engine/tuning": { may: ["engine", "kernels"], packages: ["node:"] },
  engine: { may: ["engine", "kernels"] }, // the files directly in engine/
  kernels: { may: ["engine/core"] },
  models: { may: ["mod.ts", "io.ts", "signal.ts", "vision.ts"] },
  losses: { may: ["mod.ts", "engine/public"] },
  data: { may: ["mod.ts", "engine/io"], packages: ["node:", "fast-png", "image-in-browser", "jpeg-js"] }, // the build takes the decoders into dist/
  training: { may: ["mod.ts", "io.ts", "vision.ts", "models", "losses", "data"], packages: ["node:"] },
  cli: {
    may: everything,
    packages: ["node:", "webgpu"],
  },
  examples: {
    may: everything,
    packages: [""],
  },
  tests: { may: [""], packages: [""] },
  bench: { may: [""], packages: [""] },
  tools: { may: ["tools"], packages: [""] },
  "vitest.config.ts": { may: [], packages: [""] },
};

/** Folders at the top that hold no sources. */
const otherFolders = ["docs", "dist", "runs", "shared", "node_modules"];

/** Files that only pass on what other modules export. */
const reexportsOnly = ["mod.ts", "io.ts", "signal.ts", "tune.ts", "vision.ts"];

/**
 * @typedef {{ specifier: string, kind: "runtime" | "type" | "dynamic" }} Import
 */

/**
 * Every slip under a folder, as one line each.
 * @param {string} root
 * @returns {string[]}
 */
export function checkLayers(root) {
  const files = sources(root);
  const known = new Set(files);
  const problems = unknownFolders(root);
  /** @type {Map<string, string[]>} */
  const runtime = new Map();
  for (const file of files) {
    const text = readFileSync(join(root, file), "utf8");
    const layer = layerOf(file);
    if (!layer) problems.push(`${file}: belongs to no layer of the import table`);
    if (reexportsOnly.includes(file) && !isReexportsOnly(text)) {
      problems.push(`${file}: holds more than re-exports`);
    }
    /** @type {string[]} */
    const targets = [];
    runtime.set(file, targets);
    for (const { specifier, kind } of importsOf(text)) {
      if (!/^\.{1,2}\//.test(specifier)) {
        if (layer && !table[layer]?.packages?.some((prefix) => specifier.startsWith(prefix))) {
          problems.push(`${file}: ${layer} may not import the package "${specifier}"`);
        }
        continue;
      }
      const target = posix.join(posix.dirname(file), specifier);
      // Deno and browsers take the path as it is: no guessed extension, no index file.
      if (!known.has(target)) {
        if (!existsSync(join(root, target)) || !/\.\w+$/.test(target)) {
          problems.push(`${file}: imports "${specifier}", and there is no file ${target}`);
        }
        continue;
      }
      if (kind === "runtime") targets.push(target);
      if (layer && !mayImport(layer, target)) {
        problems.push(`${file}: ${layer} may not import ${target}`);
      }
    }
  }
  return [...problems, ...cycles(runtime).map((path) => `import cycle: ${path.join(" -> ")}`)];
}

/**
 * @param {string} layer
 * @param {string} target
 */
function mayImport(layer, target) {
  // Within `engine`, the layer of its top-level files, `engine/core` and the like are layers of their own.
  if (layerOf(target) === layer) return true;
  return (table[layer]?.may ?? []).some((entry) => isUnder(target, entry));
}

/** @param {string} file */
function layerOf(file) {
  return Object.keys(table)
    .filter((path) => isUnder(file, path))
    .sort((a, b) => b.length - a.length)[0];
}

const isUnder = (/** @type {string} */ file, /** @type {string} */ path) =>
  path === "" || file === path || file.startsWith(`${path}/`);

/** @param {string} root */
function unknownFolders(root) {
  const known = new Set([...Object.keys(table).map((path) => path.split("/")[0]), ...otherFolders]);
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && !known.has(entry.name))
    .map((entry) => `${entry.name}/: not a known top-level folder`);
}

/**
 * All TypeScript and JavaScript modules, as paths with forward slashes from the root.
 * @param {string} root
 * @param {string} [folder]
 * @returns {string[]}
 */
function sources(root, folder = "") {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = posix.join(folder, entry.name);
      const skipped = entry.name.startsWith(".") || ["node_modules", "dist", "runs"].includes(entry.name);
      if (entry.isDirectory()) return skipped ? [] : sources(root, path);
      return /\.(ts|tsx|mts|mjs|js)$/.test(entry.name) ? [path] : [];
    });
}

/**
 * The imports of a module. Only `import type` and `export type` vanish when the types are stripped:
 * `import { type A } from` still loads the module.
 * @param {string} text
 * @returns {Import[]}
 */
export function importsOf(text) {
  const { code, strings } = withoutText(text);
  /** @type {Import[]} */
  const found = [];
  const clause =
    /(?<![\w$.])(?:import|export)\b(\s+type\b(?!\s*(?:,|from\b)))?[\w$\s,{}*"#]*?\bfrom\s*"#(\d+)"/g;
  for (const [, type, index] of code.matchAll(clause)) {
    found.push({ specifier: strings[Number(index)] ?? "", kind: type ? "type" : "runtime" });
  }
  for (const [, call, index] of code.matchAll(/(?<![\w$.])import\s*(\(?)\s*"#(\d+)"/g)) {
    found.push({ specifier: strings[Number(index)] ?? "", kind: call ? "dynamic" : "runtime" });
  }
  return found;
}

/** @param {string} text */
function isReexportsOnly(text) {
  const rest = withoutText(text).code.replace(
    /export\s+(type\s+)?(\*(\s+as\s+\w+)?|\{[^}]*\})\s*from\s*"#\d+"\s*;/g,
    "",
  );
  return rest.trim() === "";
}

/**
 * The code without comments, template text and regular expressions, and with each string as `"#n"`, so that
 * words in them are not taken for imports.
 * @param {string} text
 */
function withoutText(text) {
  /** @type {string[]} */
  const strings = [];
  let code = "";
  /** Depth of braces at which each open template literal goes on. @type {number[]} */
  const templates = [];
  let depth = 0;
  const token =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'|\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*|[`{}]|[\s\S]/y;
  const templateText = /(?:\\[\s\S]|\$(?!\{)|[^`\\$])*(`|\$\{)/y;
  const skipTemplate = (/** @type {number} */ from) => {
    templateText.lastIndex = from;
    const match = templateText.exec(text);
    if (match?.[1] === "${") templates.push(depth++);
    return match ? templateText.lastIndex : text.length;
  };
  for (let at = 0; at < text.length; ) {
    token.lastIndex = at;
    let part = token.exec(text)?.[0] ?? "";
    if (part.length > 1 && part[0] === "/" && part[1] !== "/" && part[1] !== "*") {
      // A slash after a value divides; anywhere else it starts a regular expression.
      const before = code.slice(-20);
      if (/[\w$)\]}"]\s*$/.test(before) && !/\b(?:return|typeof|case|of|in)\s*$/.test(before)) part = "/";
      else code += " /re/ ";
    }
    at += part.length;
    if (part === "`") {
      code += `""`;
      at = skipTemplate(at);
    } else if (part === "}" && templates.at(-1) === depth - 1) {
      depth = templates.pop() ?? 0;
      at = skipTemplate(at);
    } else if (part.length > 1) {
      if (part[0] === '"' || part[0] === "'") code += `"#${strings.push(part.slice(1, -1)) - 1}"`;
      else if (part[1] === "/" || part[1] === "*") code += " ";
    } else {
      if (part === "{") depth++;
      if (part === "}") depth--;
      code += part;
    }
  }
  return { code, strings };
}

/**
 * One path through each group of modules that import each other in a circle.
 * @param {Map<string, string[]>} graph
 */
function cycles(graph) {
  /** @type {string[][]} */
  const found = [];
  /** @type {Map<string, "open" | "done">} */
  const state = new Map();
  /** @type {string[]} */
  const path = [];
  const visit = (/** @type {string} */ file) => {
    state.set(file, "open");
    path.push(file);
    for (const target of graph.get(file) ?? []) {
      if (state.get(target) === "open") found.push([...path.slice(path.indexOf(target)), target]);
      else if (!state.has(target)) visit(target);
    }
    path.pop();
    state.set(file, "done");
  };
  for (const file of graph.keys()) if (!state.has(file)) visit(file);
  return found;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const problems = checkLayers(dirname(dirname(fileURLToPath(import.meta.url))));
  for (const problem of problems) console.error(`layers: ${problem}`);
  if (problems.length === 0) console.log("layers: the import table holds and there is no cycle");
  process.exitCode = problems.length > 0 ? 1 : 0;
}
