// The op table on a device, alike on every host: values, views and gradients against the float64 reference; eager,
// unfused and repeated runs against each other.
import { evaluate } from "../../engine/evaluate.ts";
import type { GraphNode } from "../../engine/ir/node.ts";
import { wrap } from "../../engine/tensor.ts";
import { type HostData, tensor, withDebug } from "../../mod.ts";
import type { Case } from "../platform/case.ts";
import { expectedOf, firstDifference } from "./accuracy.ts";
import { type Applied, apply, applyToViews, gradients } from "./derive.ts";
import { primitives } from "./primitives.ts";
import { type Entry, type Sample, table } from "./table.ts";

/** Samples of an entry that the device runs; the CPU runs all. */
const MOST = 8;

/** Enough of them, spread over the list. */
function chosen({ samples }: Entry): Sample[] {
  const step = Math.max(1, samples.length / MOST);
  return Array.from(
    { length: Math.min(MOST, samples.length) },
    (_, i) => samples[Math.floor(i * step)] as Sample,
  );
}

/** The graphs that one entry asks of the device: results, and the gradients of the first smooth sample. */
function graphsOf(name: string, entry: Entry): { outputs: GraphNode[]; given: Map<GraphNode, HostData> } {
  const given = new Map<GraphNode, HostData>();
  const outputs: GraphNode[] = [];
  const add = (applied: Applied, nodes: readonly GraphNode[]): void => {
    for (const [x, data] of applied.given) given.set(x, data);
    outputs.push(...nodes);
  };
  chosen(entry).forEach((sample, i) => {
    const applied = (i % 2 === 0 ? apply : applyToViews)(name, sample, i + 1);
    add(applied, [applied.out]);
  });
  const smooth = entry.samples.find(
    (s) => s.smooth && s.ins.some((x) => x.dtype === "f32" && x.shape.length > 0),
  );
  if (smooth && typeof primitives[name]?.vjp === "function") {
    const applied = apply(name, smooth, 5);
    add(applied, gradients(applied, 5).grads);
  }
  return { outputs, given };
}

/** Runs the graphs of an entry; the operands get their values only now, so that the reference sees them as inputs. */
async function run(name: string, entry: Entry, check: boolean): Promise<HostData[]> {
  const { outputs, given } = graphsOf(name, entry);
  const expected = check ? expectedOf(outputs, given, 4) : [];
  for (const [x, data] of given) x.stored = tensor(data, { dtype: x.dtype, shape: x.shape }).node.stored;
  evaluate(outputs);
  const results: HostData[] = [];
  for (const [i, out] of outputs.entries()) {
    const actual = await wrap(out).data();
    const wanted = expected[i];
    const difference = wanted ? firstDifference(actual, wanted) : null;
    if (difference) throw new Error(`${name}, graph ${i}: ${difference}`);
    results.push(actual);
  }
  return results;
}

function same(a: readonly HostData[], b: readonly HostData[], what: string): void {
  a.forEach((x, i) => {
    const y = b[i] as HostData;
    const bytes = (z: HostData) => new Uint8Array(z.buffer, z.byteOffset, z.byteLength);
    const p = bytes(x);
    const q = bytes(y);
    if (p.length !== q.length || !p.every((n, j) => n === q[j]))
      throw new Error(`${what}: graph ${i} has other bits`);
  });
}

export const cases: readonly Case[] = Object.entries(table).map(([name, entry]) => ({
  name: `ops: ${name}`,
  run: async () => {
    const first = await run(name, entry, true);
    same(first, await run(name, entry, false), "second run");
    await withDebug({ fuse: false }, () => run(name, entry, true));
  },
}));
