// Says what this machine offers: node tools/doctor.mjs. What is missing gets one line with its remedy.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { launchChromium } from "./browser/launch.mjs";
import { serve } from "./browser/serve.mjs";
import { hostEnv } from "./host/adapter.mjs";
import { ensureInstalled } from "./host/install.mjs";
import { denoBinary, runHost } from "./host/run.mjs";
import { root, runTool } from "./host/tool.mjs";

const limits = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupsPerDimension",
];

/** Runs in each host, given its GPU. Device limits are what a page gets without asking for more. */
const probe = `async (gpu) => {
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) return JSON.stringify(null);
  const { vendor, architecture, device, description, subgroupMinSize, subgroupMaxSize } = adapter.info;
  const pick = (all) => Object.fromEntries(${JSON.stringify(limits)}.map((name) => [name, all[name]]));
  const made = await adapter.requestDevice();
  const report = {
    info: { vendor, architecture, device, description, subgroupMinSize, subgroupMaxSize },
    software: adapter.info.isFallbackAdapter ?? adapter.isFallbackAdapter,
    features: [...adapter.features],
    limits: pick(adapter.limits),
    deviceLimits: pick(made.limits),
  };
  made.destroy();
  return JSON.stringify(report);
}`;

/** @typedef {{ info: Record<string, string | number | undefined>, software?: boolean, features: string[], limits: Record<string, number>, deviceLimits: Record<string, number> }} Report */

const mark = "morlet-probe ";

/**
 * @param {string} command
 * @param {string[]} args
 * @returns {Promise<Report | null>}
 */
async function probeProcess(command, args) {
  /** @type {Report | null} */
  let report = null;
  await runHost(command, args, {
    onLine: (line) => {
      if (line.startsWith(mark)) report = JSON.parse(line.slice(mark.length));
    },
  });
  return report;
}

/** @type {Record<string, () => Promise<Report | null>>} */
const hosts = {
  "Node (Dawn)": () => {
    const script = `import { create, globals } from "webgpu";
      Object.assign(globalThis, globals);
      console.log("${mark}" + await (${probe})(create([])));`;
    return probeProcess(process.execPath, ["--input-type=module", "-e", script]);
  },
  "Deno (wgpu)": () => {
    const script = `console.log("${mark}" + await (${probe})(navigator.gpu)); Deno.exit(0);`;
    return probeProcess(denoBinary(), ["eval", "--unstable-webgpu", script]);
  },
  Chromium: async () => {
    const server = await serve([]);
    const browser = await launchChromium();
    try {
      // Any answer from localhost will do, an error page too: WebGPU is absent on about:blank.
      const page = await browser.open(server.url);
      return JSON.parse(await page.evaluate(`(${probe})(navigator.gpu)`));
    } finally {
      await browser.close();
      server.close();
    }
  },
};

await runTool(async () => {
  console.log(`Node ${process.versions.node} on ${process.platform} ${process.arch}`);
  ensureInstalled();
  const { adapter, reason } = hostEnv();
  console.log(`Adapter: ${adapter} (${reason}; MORLET_ADAPTER=auto, system or swiftshader chooses)`);
  const shared = [join(root, "..", "shared"), join(root, "shared")].some((path) => existsSync(path));
  console.log(
    `Golden numbers: ${shared ? "found in shared/" : "no shared/ beside the project, so their tests are skipped"}`,
  );
  let missing = 0;
  for (const [name, run] of Object.entries(hosts)) {
    try {
      const report = await run();
      if (report) print(name, report);
      else {
        missing++;
        console.log(
          `\n${name}: no adapter. Install a Vulkan driver for your GPU, or set MORLET_ADAPTER=swiftshader`,
        );
      }
    } catch (error) {
      missing++;
      console.log(`\n${name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return missing > 0 ? 1 : 0;
});

/**
 * @param {string} name
 * @param {Report} report
 */
function print(name, { info, software, features, limits: most, deviceLimits }) {
  const { vendor, architecture, device, description, subgroupMinSize, subgroupMaxSize } = info;
  const words = [vendor, architecture, device, description].filter(Boolean).join(", ");
  console.log(`\n${name}: ${words}${software ? " (software)" : ""}`);
  if (subgroupMinSize) console.log(`  subgroups: ${subgroupMinSize} to ${subgroupMaxSize} lanes`);
  console.log(`  features: ${features.sort().join(" ")}`);
  for (const limit of Object.keys(most)) {
    const usual = deviceLimits[limit] === most[limit] ? "" : ` (${deviceLimits[limit]} unless asked for)`;
    console.log(`  ${limit}: ${most[limit]}${usual}`);
  }
}
