// Prints one JSON line about the machine: the adapter with its driver and limits, and the card as nvidia-smi knows it.
// A process of its own, so that a driver that hangs or crashes costs a time limit and no results.
import { spawnSync } from "node:child_process";
import { cpus, release, totalmem } from "node:os";
import { create, globals } from "webgpu";

Object.assign(globalThis, globals);
// The instance must outlive the adapter.
const instance = create([]);
const adapter = await instance.requestAdapter({ powerPreference: "high-performance" });
if (!adapter) {
  console.error("morlet: WebGPU finds no adapter: see what run.sh says about the Vulkan driver");
  process.exit(1);
}
const { vendor, architecture, device, description } = adapter.info;
const machine = {
  adapter: {
    vendor,
    architecture,
    device,
    description,
    software: (adapter.info as { isFallbackAdapter?: boolean }).isFallbackAdapter === true,
  },
  limits: namedLimits(adapter.limits),
  features: [...adapter.features].sort(),
  card: card("name,driver_version,memory.total,clocks.max.sm,clocks.max.mem,power.limit"),
  node: process.versions.node,
  cpu: cpus()[0]?.model ?? "",
  cores: cpus().length,
  memoryGB: Math.round(totalmem() / 1e9),
  kernel: release(),
};
console.log(JSON.stringify({ machine }));
// Leaves at once: an open instance would hold the process.
process.exit(0);

/** The limits lie in getters of the prototype. */
function namedLimits(limits: GPUSupportedLimits): Record<string, number> {
  const names = Object.keys(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(limits)));
  const values = limits as unknown as Record<string, unknown>;
  return Object.fromEntries(
    names.flatMap((name) => (typeof values[name] === "number" ? [[name, values[name] as number]] : [])),
  );
}

function card(fields: string): Record<string, string> | null {
  const asked = spawnSync("nvidia-smi", [`--query-gpu=${fields}`, "--format=csv,noheader"], {
    encoding: "utf8",
    timeout: 20_000,
  });
  const line = asked.status === 0 ? asked.stdout.split("\n")[0] : undefined;
  if (!line) return null;
  const values = line.split(",").map((value) => value.trim());
  return Object.fromEntries(fields.split(",").map((field, i) => [field, values[i] ?? ""]));
}
