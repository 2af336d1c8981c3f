// The environment under which Dawn and wgpu find the machine's GPU or, without one, a software adapter. The Vulkan loader
// reads it when a process starts, so hosts always run as child processes.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { HostError, root } from "./tool.mjs";
import { hasPackagedBinaries, unpack } from "./unpack.mjs";

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
