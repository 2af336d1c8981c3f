import { loadEmoji } from "../../data/emoji.ts";
import { getDevice, matmul, tensor } from "../../mod.ts";
import { keptTuning } from "../../tune.ts";
import { type CommandLine, readFlags } from "../flags.ts";
import type { CommandHost } from "../host.ts";
import { Lines } from "../terminal.ts";

export const doctorLine: CommandLine = {
  name: "doctor",
  about: "Says what this machine offers, and what to do about what is missing.",
  positionals: [],
  flags: {},
  examples: [["", "adapter, limits, speed, and whether the bundled images are there"]],
};

const SIDE = 512;
const ROUNDS = 4;

export async function doctorCommand(args: readonly string[], host: CommandHost): Promise<number> {
  readFlags(doctorLine, args);
  const lines = new Lines(host.out);
  const { process, Deno } = globalThis as { process?: NodeJS.Process; Deno?: { version: { deno: string } } };
  lines.say(
    Deno
      ? `Deno ${Deno.version.deno}`
      : `Node ${process?.versions.node} on ${process?.platform} ${process?.arch}`,
  );
  const device = await getDevice();
  const { kind, maxBufferBytes, maxBindingBytes, maxWorkgroupBytes, f16 } = device.profile;
  const mega = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
  lines.say(`adapter: ${device.name} (${kind === "gpu" ? "a GPU" : "the processor in place of a GPU"})`);
  lines.say(`buffers of up to ${mega(maxBufferBytes)}, ${mega(maxBindingBytes)} of one at a time`);
  lines.say(
    `workgroup memory ${maxWorkgroupBytes} bytes; half precision ${f16 ? "is there" : "is not there"}`,
  );
  lines.say(`products: ${(await speed()).toPrecision(2)} GFLOP/s, and they are right`);
  const measured = await keptTuning(device.profile.adapter);
  lines.say(
    `tiles of products: ${measured ? "as measured on this adapter" : `the usual ones; ${host.program} tune measures others`}`,
  );
  const pack = await loadEmoji({ read: host.emoji });
  lines.say(`bundled images: ${pack.count} emoji`);
  if (kind === "software") {
    lines.say(
      "no GPU was found: install its Vulkan, Metal or Direct3D 12 driver for runs that are many times faster",
    );
  }
  return 0;
}

/** The speed of a matrix product, which is checked on the way. */
async function speed(): Promise<number> {
  const values = Float32Array.from({ length: SIDE * SIDE }, (_, i) => ((i * 7919) % 17) - 8);
  const a = tensor(values, { shape: [SIDE, SIDE] });
  const product = (await matmul(a, a).data()) as Float32Array;
  for (const at of [0, 12345, SIDE * SIDE - 1]) {
    const [row, column] = [Math.floor(at / SIDE), at % SIDE];
    let sum = 0;
    for (let k = 0; k < SIDE; k++)
      sum += (values[row * SIDE + k] as number) * (values[k * SIDE + column] as number);
    if (product[at] !== sum)
      throw new Error(`this device computes wrongly: ${product[at]} instead of ${sum}; update its driver`);
  }
  const start = performance.now();
  for (let i = 0; i < ROUNDS; i++) await matmul(a, a).data();
  return (ROUNDS * 2 * SIDE ** 3) / ((performance.now() - start) * 1e6);
}
