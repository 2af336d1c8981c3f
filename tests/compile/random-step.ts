// Training steps drawn at random: parameters of several shapes, a loss, a rule that updates them and what the rule
// remembers, and readers of old and new values in between.
import fc from "fast-check";
import { backward } from "../../engine/autodiff/backward.ts";
import { printProgram } from "../../engine/compile/print.ts";
import { describeProgram } from "../../engine/compile/program.ts";
import { allocateHost, type HostData } from "../../engine/core/dtype.ts";
import { sizeOf } from "../../engine/core/shape.ts";
import { placeholder } from "../../engine/evaluate.ts";
import type { GraphNode } from "../../engine/ir/node.ts";
import { ops as o } from "../../engine/ops/build.ts";
import { randomNumbers } from "../ops/accuracy.ts";

export interface StepRecipe {
  readonly shapes: readonly (readonly number[])[];
  readonly seed: number;
  /** Moving averages that the rule keeps beside each parameter. */
  readonly memory: number;
  /** Scales all gradients by one number made of all of them. */
  readonly clipped: boolean;
  /** Parameters that are used, but come back as they are. */
  readonly frozen: number;
  /** What else is asked for: 1 the loss, 2 a norm of old values, 4 of new ones, 8 an old value, 16 a norm of gradients. */
  readonly readers: number;
  /** Whether old values may be written over. */
  readonly donated: boolean;
}

export const stepRecipes: fc.Arbitrary<StepRecipe> = fc.record({
  shapes: fc.array(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 2 }), {
    minLength: 1,
    maxLength: 7,
  }),
  seed: fc.nat(1000),
  memory: fc.nat(2),
  clipped: fc.boolean(),
  frozen: fc.nat(2),
  readers: fc.nat(31),
  donated: fc.boolean(),
});

export interface RandomStep {
  readonly inputs: readonly GraphNode[];
  readonly outputs: readonly GraphNode[];
  /** Output number to the number of the input that it replaces. */
  readonly updates: ReadonlyMap<number, number>;
  readonly given: ReadonlyMap<GraphNode, HostData>;
  readonly text: string;
}

const all = (x: GraphNode): number[] => x.shape.map((_, i) => i);
const total = (x: GraphNode): GraphNode => o.reshape(o.sum(x, all(x)), []);
const sumOf = (xs: readonly GraphNode[]): GraphNode => xs.reduce((a, b) => o.add(a, b));

export function stepOf(recipe: StepRecipe): RandomStep {
  const { shapes, seed, memory, clipped, readers } = recipe;
  const random = randomNumbers(seed);
  const given = new Map<GraphNode, HostData>();
  const give = (shape: readonly number[], low = -1): GraphNode => {
    const x = placeholder({ dtype: "f32", shape }, given.size);
    const data = allocateHost("f32", sizeOf(shape));
    for (let i = 0; i < data.length; i++) data[i] = low + (1 - low) * random();
    given.set(x, data);
    return x;
  };
  const params = shapes.map((s) => give(s));
  const kept = shapes.map((s) => Array.from({ length: memory }, () => give(s, 0)));
  const rate = give([], 0.1);
  const loss = sumOf(params.map((p, i) => total(lossTerm(p, i + seed, give))));
  const seeds = [{ node: loss, ct: o.full([], 1, "f32") }];
  let grads = backward(seeds, params, o).map((g, i) => g ?? o.zerosLike(params[i] as GraphNode));
  if (clipped) {
    const norm = o.sqrt(sumOf(grads.map((g) => total(o.mul(g, g)))));
    const factor = o.minimum(o.div(o.full([], 1, "f32"), o.add(norm, 1e-3)), 1);
    grads = grads.map((g) => o.mul(g, factor));
  }
  const outputs: GraphNode[] = [];
  const replaced: [GraphNode, GraphNode][] = [];
  params.forEach((p, i) => {
    if (i < recipe.frozen) return;
    const g = grads[i] as GraphNode;
    const memories = (kept[i] as GraphNode[]).map((m, k) => {
      const next = o.add(o.mul(m, 0.9), o.mul(k === 0 ? g : o.mul(g, g), 0.1));
      replaced.push([next, m]);
      return next;
    });
    const direction = memories[0] ?? g;
    const scaled = memories[1] ? o.div(direction, o.add(o.sqrt(memories[1]), 1e-2)) : direction;
    replaced.push([o.sub(p, o.mul(scaled, rate)), p]);
  });
  outputs.push(...replaced.map(([next]) => next));
  if (readers & 1) outputs.push(loss);
  if (readers & 2) outputs.push(sumOf(params.map((p) => total(o.mul(p, p)))));
  if (readers & 4) outputs.push(sumOf([...replaced.map(([next]) => total(next)), o.full([], 0, "f32")]));
  if (readers & 8) outputs.push(params[seed % params.length] as GraphNode);
  if (readers & 16) outputs.push(o.sqrt(sumOf(grads.map((g) => total(o.mul(g, g))))));
  if (outputs.length === 0) outputs.push(o.neg(loss));
  const { inputs } = describeProgram(outputs);
  const updates = new Map<number, number>();
  replaced.forEach(([, old], i) => {
    const at = inputs.indexOf(old);
    if (recipe.donated && at >= 0) updates.set(i, at);
  });
  return { inputs, outputs, updates, given, text: printProgram({ inputs, outputs }) };
}

/** Something smooth, through contractions for some parameters. */
function lossTerm(p: GraphNode, kind: number, give: (shape: readonly number[]) => GraphNode): GraphNode {
  if (kind % 3 === 0 || p.shape.length < 2) return o.mul(o.sin(p), p);
  const [rows = 1, columns = 1] = p.shape;
  const axes = { batchA: [], batchB: [], contractA: [1], contractB: [0] };
  if (kind % 3 === 1) return o.exp(o.mul(o.dot(give([3, rows]), p, axes), 0.3));
  return o.sin(o.dot(p, give([columns, 4]), axes));
}
