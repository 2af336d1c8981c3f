// What every tool needs before it starts a host (Node, Deno, Chromium): installed packages, an unpacked
// software adapter for machines without a GPU, and the environment under which Dawn and wgpu find it.
// The Vulkan loader reads that environment when a process starts, so hosts always run as child processes.
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { constants, homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const cache = join(root, "node_modules", ".cache", "morlet");

/** A failure with a remedy: tools print its message alone, without a stack. */
export class HostError extends Error {}

/**
 * Runs a tool's `main` and turns its outcome into the exit code.
 * @param {() => Promise<number | void>} main
 */
export async function runTool(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    console.error(error instanceof HostError ? `morlet: ${error.message}` : error);
    process.exitCode = 1;
  }
}

/** Installs the packages of the lock file unless they are all there. */
export function ensureInstalled() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new HostError(
      `the tools need Node.js 20.19 or newer, and this is ${process.versions.node}: update it`,
    );
  }
  const missing = missingPackage();
  if (missing === undefined) return;
  console.log(`morlet: installing the development packages (npm ci; ${missing})`);
  // Without the level npm warns about install scripts that it blocks, which none of the tools need.
  const npm = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
  });
  if (npm.error)
    throw new HostError("npm is not on the PATH: install Node.js 20.19 or newer together with npm");
  if (npm.status !== 0) throw new HostError("npm ci failed: see its message above; it needs an npm registry");
}

/** Names one package that the lock file asks for and node_modules lacks, or nothing. */
function missingPackage() {
  const installed = join(root, "node_modules", ".package-lock.json"); // npm's own list of what it installed
  if (!existsSync(installed)) return "no node_modules yet";
  const have = JSON.parse(readFileSync(installed, "utf8")).packages;
  const want = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  for (const [path, entry] of Object.entries(want)) {
    if (path === "" || (entry.optional && !have[path])) continue; // optional ones are for other platforms
    if (have[path]?.version !== entry.version) return `${path} is missing or out of date`;
  }
  return undefined;
}

/**
 * Unpacks brotli-packed tar archives of @sparticuz/chromium into a folder, once.
 * @param {string} name of the folder inside the cache
 * @param {Record<string, (path: string) => boolean>} archives which files to take from which archive
 */
export function unpack(name, archives) {
  const source = join(root, "node_modules", "@sparticuz", "chromium");
  if (!existsSync(source)) throw new HostError("the package @sparticuz/chromium is missing: run npm ci");
  const version = JSON.parse(readFileSync(join(source, "package.json"), "utf8")).version;
  const folder = join(cache, `${name}-${version}`);
  if (existsSync(folder)) return folder;
  // A partly written folder must never pass for a whole one, and two tools may unpack at once.
  const partial = `${folder}.${process.pid}.partial`;
  for (const [archive, wanted] of Object.entries(archives)) {
    const bytes = brotliDecompressSync(readFileSync(join(source, "bin", archive)));
    const files = archive.endsWith(".tar.br") ? untar(bytes) : [{ path: archive.slice(0, -3), bytes }];
    for (const file of files) {
      if (!wanted(file.path)) continue;
      const target = join(partial, file.path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, file.bytes);
      chmodSync(target, 0o755);
    }
  }
  try {
    renameSync(partial, folder);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/**
 * The plain files of a tar archive (ustar).
 * @param {Buffer} tar
 */
function* untar(tar) {
  const text = (/** @type {number} */ at, /** @type {number} */ size) =>
    tar
      .subarray(at, at + size)
      .toString("latin1")
      .replace(/\0.*$/s, "");
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8) || 0;
    const type = text(at + 156, 1);
    if (type === "" || type === "0") {
      yield { path: text(at, 100), bytes: tar.subarray(at + 512, at + 512 + size) };
    }
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

/** Whether the packaged Chromium and SwiftShader run on this machine. */
export const hasPackagedBinaries = process.platform === "linux" && process.arch === "x64";

/** The folder with SwiftShader, its ICD file and a Vulkan loader. */
export function softwareFolder() {
  return unpack("vulkan", {
    "swiftshader.tar.br": (path) =>
      path.includes("vulkan") || path.startsWith("vk_") || path.startsWith("libvk_"),
  });
}

/**
 * @typedef {object} HostEnv
 * @property {Record<string, string | undefined>} env what child processes get
 * @property {"system" | "swiftshader"} adapter
 * @property {string} reason why this adapter, in a few words
 */

/** @type {HostEnv | undefined} */
let chosen;

/**
 * The environment of host processes. `MORLET_ADAPTER` is `auto` (the machine's own GPU, else SwiftShader),
 * `system` (whatever the machine has) or `swiftshader`.
 * @returns {HostEnv}
 */
export function hostEnv() {
  chosen ??= chooseEnv(process.env.MORLET_ADAPTER ?? "auto");
  return chosen;
}

/**
 * @param {string} wish
 * @returns {HostEnv}
 */
function chooseEnv(wish) {
  if (!["auto", "system", "swiftshader"].includes(wish)) {
    throw new HostError(`MORLET_ADAPTER=${wish} is not known: use auto, system or swiftshader`);
  }
  const plain = { ...process.env };
  if (process.platform !== "linux")
    return { env: plain, adapter: "system", reason: "the driver of the operating system" };
  const bundled = hasPackagedBinaries ? softwareFolder() : undefined;
  if (wish === "swiftshader" && !bundled) {
    throw new HostError(
      "MORLET_ADAPTER=swiftshader needs Linux on x64: the packaged SwiftShader is built for that alone",
    );
  }
  if (wish !== "swiftshader" && hasVulkanDriver()) {
    // The machine's own loader goes first; ours helps where a driver came without one.
    for (const env of bundled ? [plain, withLibraries(plain, bundled)] : [plain]) {
      if (wish === "system" || hasHardwareAdapter(env))
        return { env, adapter: "system", reason: "a Vulkan driver of this machine" };
    }
  }
  if (wish === "system" || !bundled)
    return { env: plain, adapter: "system", reason: "no Vulkan driver found" };
  const env = withLibraries(plain, bundled);
  const icd = join(bundled, "vk_swiftshader_icd.json");
  // Loaders since 1.3.207 read VK_DRIVER_FILES first, older ones know VK_ICD_FILENAMES alone.
  return {
    env: { ...env, VK_ICD_FILENAMES: icd, VK_DRIVER_FILES: icd },
    adapter: "swiftshader",
    reason: "no GPU needed",
  };
}

/**
 * @param {Record<string, string | undefined>} env
 * @param {string} folder
 */
export function withLibraries(env, folder) {
  const old = env.LD_LIBRARY_PATH;
  return { ...env, LD_LIBRARY_PATH: old ? `${folder}${delimiter}${old}` : folder };
}

/** Whether any Vulkan driver is registered, to spare the probe where there is none. */
function hasVulkanDriver() {
  if (process.env.VK_ICD_FILENAMES || process.env.VK_DRIVER_FILES) return true;
  const data = process.env.XDG_DATA_HOME ?? join(homedir(), ".local", "share");
  return ["/etc", "/usr/share", "/usr/local/share", "/usr/local/etc", data].some((folder) => {
    const icds = join(folder, "vulkan", "icd.d");
    return existsSync(icds) && readdirSync(icds).length > 0;
  });
}

/**
 * Whether Dawn finds an adapter that is not a software one, asked in a process of its own.
 * @param {Record<string, string | undefined>} env
 */
function hasHardwareAdapter(env) {
  const script = `
    const { create } = await import("webgpu");
    const adapter = await create([]).requestAdapter({ powerPreference: "high-performance" });
    console.log(adapter && !adapter.info.isFallbackAdapter ? "hardware" : "none");`;
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    cwd: root,
    env,
    encoding: "utf8",
    timeout: 60_000,
  });
  return child.status === 0 && child.stdout.includes("hardware");
}

/** The deno binary, put in place if its install script was blocked. */
export function denoBinary() {
  const folder = join(root, "node_modules", "deno");
  const binary = join(folder, process.platform === "win32" ? "deno.exe" : "deno");
  if (!existsSync(binary)) {
    spawnSync(process.execPath, ["install.cjs"], { cwd: folder, stdio: "ignore" });
  }
  if (!existsSync(binary))
    throw new HostError("deno is missing: run npm ci, then node node_modules/deno/install.cjs");
  return binary;
}

/**
 * Runs a program under the host environment and gives its exit code.
 * @param {string} command
 * @param {string[]} args
 * @param {object} [options]
 * @param {Record<string, string | undefined>} [options.env]
 * @param {string} [options.cwd]
 * @param {(line: string) => void} [options.onLine] gets standard output instead of the terminal
 * @returns {Promise<number>}
 */
export function runHost(command, args, { env = hostEnv().env, cwd = root, onLine } = {}) {
  const child = spawn(command, args, {
    cwd,
    env,
    stdio: ["inherit", onLine ? "pipe" : "inherit", "inherit"],
  });
  // A terminal sends Ctrl-C to the child too, and a second one would look like impatience.
  const inTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const pass = (/** @type {NodeJS.Signals} */ signal) => {
    if (signal !== "SIGINT" || !inTerminal) child.kill(signal);
  };
  process.on("SIGINT", pass);
  process.on("SIGTERM", pass);
  if (onLine && child.stdout) eachLine(child.stdout, onLine);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      process.off("SIGINT", pass);
      process.off("SIGTERM", pass);
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
}

/**
 * @param {import("node:stream").Readable} stream
 * @param {(line: string) => void} onLine
 * @param {string} [end] what ends a line
 */
export function eachLine(stream, onLine, end = "\n") {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk) => {
    const lines = (rest + chunk).split(end);
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
  });
  stream.on("end", () => rest && onLine(rest));
}
