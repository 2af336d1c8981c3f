// The same random programs on a device: drivers and shader compilers instead of the CPU's idea of them. Every graph
// runs fused and unfused, as plain evaluation and as a compiled function, and twice for the same bits.
import fc from "fast-check";
import { afterAll, describe, test } from "vitest";
import { withDebug } from "../../engine/core/debug.ts";
import { evaluate } from "../../engine/evaluate.ts";
import type { GraphNode } from "../../engine/ir/node.ts";
import { wrap } from "../../engine/tensor.ts";
import {
  compile,
  createDevice,
  type Device,
  type HostData,
  setDevice,
  type Tensor,
  tensor,
} from "../../mod.ts";
import { expectedOf, firstDifference } from "../ops/accuracy.ts";
import { nodeGPU } from "../support/host.ts";
import { drawn } from "./check-program.ts";
import { programOf, type Recipe, recipes } from "./random-program.ts";

const gpu = nodeGPU();
const open: Device[] = [];
afterAll(() => {
  for (const device of open) device.destroy();
});

const read = async (nodes: readonly GraphNode[]): Promise<HostData[]> => {
  evaluate(nodes);
  return Promise.all(nodes.map((x) => wrap(x).data()));
};

/** The program with its inputs as tensors that hold values. */
function filled(recipe: Recipe): { outputs: readonly GraphNode[]; tensors: Tensor[]; text: string } {
  const { outputs, given, text } = programOf(recipe);
  const tensors = [...given].map(([x, data]) => {
    const t = tensor(data, { dtype: x.dtype, shape: x.shape });
    x.stored = t.node.stored;
    return t;
  });
  return { outputs, tensors, text };
}

function compare(way: string, actual: readonly HostData[], expected: ReturnType<typeof expectedOf>): void {
  actual.forEach((x, i) => {
    const difference = firstDifference(x, expected[i] as (typeof expected)[number]);
    if (difference) throw new Error(`${way}: result ${i}: ${difference}`);
  });
}

function compareBits(way: string, a: readonly HostData[], b: readonly HostData[]): void {
  a.forEach((x, i) => {
    const y = b[i] as HostData;
    const bits = (z: HostData) => Buffer.from(z.buffer, z.byteOffset, z.byteLength);
    if (!bits(x).equals(bits(y))) throw new Error(`${way}: result ${i} has other bits`);
  });
}

async function checkOnDevice(recipe: Recipe): Promise<void> {
  const { outputs, given, text } = programOf(recipe);
  const expected = expectedOf(outputs, given);
  try {
    const fused = await read(filled(recipe).outputs);
    compare("fused", fused, expected);
    compareBits("again", await read(filled(recipe).outputs), fused);
    const unfused = await withDebug({ fuse: false }, () => read(filled(recipe).outputs));
    compare("unfused", unfused, expected);
    const f = compile(() => filled(recipe).outputs.map(wrap));
    const compiled = await Promise.all(f().map((x) => x.data()));
    f.dispose();
    compareBits("compiled", compiled, fused);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${text}`, { cause: error });
  }
}

describe.each(["software", "gpu"] as const)("%s kernels", (kernels) => {
  test("random programs give what the reference gives", { timeout: 300_000 }, async () => {
    const device = await createDevice({ gpu, kernels });
    open.push(device);
    setDevice(device);
    await fc.assert(fc.asyncProperty(recipes(15), checkOnDevice), drawn(25));
    await device.idle();
  });
});
