// What follows from a table entry: operands with values, and the checks that every primitive has to pass.
import { backward } from "../../engine/autodiff/backward.ts";
import { allocateHost, type HostData, isFloat } from "../../engine/core/dtype.ts";
import { sizeOf } from "../../engine/core/shape.ts";
import { interpret } from "../../engine/ir/interpret.ts";
import { GraphNode, makeNode } from "../../engine/ir/node.ts";
import { composedAttention, ops } from "../../engine/ops/build.ts";
import { installReferences } from "../../engine/ops/on-host/all.ts";
import { randomNumbers } from "./accuracy.ts";
import { primitives } from "./primitives.ts";
import type { Operand, Sample } from "./table.ts";

installReferences(composedAttention);

/** A primitive applied to operands that have values. */
export interface Applied {
  readonly name: string;
  readonly out: GraphNode;
  readonly ins: readonly GraphNode[];
  readonly given: Map<GraphNode, HostData>;
}

const inputPrimitive = primitives.input as NonNullable<(typeof primitives)[string]>;

/** An input of a program, with values from the operand's domain. */
export function drawOperand(x: Operand, random: () => number): { node: GraphNode; data: HostData } {
  const node = new GraphNode(inputPrimitive, [], { shape: [...x.shape], dtype: x.dtype, index: 0 }, x);
  const data = allocateHost(x.dtype, sizeOf(x.shape));
  const [low, high] = x.domain;
  for (let i = 0; i < data.length; i++) {
    const value = low + (high - low) * random();
    data[i] = i < x.first.length ? (x.first[i] as number) : isFloat(x.dtype) ? value : Math.round(value);
  }
  return { node, data };
}

export function apply(name: string, sample: Sample, seed: number): Applied {
  const random = randomNumbers(seed);
  const drawn = sample.ins.map((x) => drawOperand(x, random));
  const ins = drawn.map((d) => d.node);
  const primitive = primitives[name];
  if (!primitive) throw new Error(`there is no primitive ${name}`);
  return {
    name,
    ins,
    out: makeNode(primitive, ins, sample.params),
    given: new Map(drawn.map((d) => [d.node, d.data])),
  };
}

/**
 * The same with operands that are views of larger tensors, turned round: strides, offsets and broadcasting reach the
 * kernel through them.
 */
export function applyToViews(name: string, sample: Sample, seed: number): Applied {
  const plain = apply(name, sample, seed);
  const given = new Map<GraphNode, HostData>();
  const ins = plain.ins.map((x) => {
    const turned = x.shape.map((_, i) => x.shape.length - 1 - i);
    const wide = turned.map((a) => (x.shape[a] as number) + 3);
    const node = new GraphNode(
      inputPrimitive,
      [],
      { shape: wide, dtype: x.dtype, index: 0 },
      { dtype: x.dtype, shape: wide },
    );
    let view = node;
    wide.forEach((n, i) => {
      view = ops.slice(view, i, 2, n - 3);
    });
    const moved = ops.permute(view, turned);
    given.set(node, spreadOut(plain.given.get(x) as HostData, x, wide));
    return moved;
  });
  const primitive = plain.out.primitive;
  return { name, ins, out: makeNode(primitive, ins, sample.params), given };
}

/** Data laid out as the view expects it: axes reversed, two elements further in, 7 elsewhere. */
function spreadOut(data: HostData, x: GraphNode, wide: readonly number[]): HostData {
  const out = allocateHost(x.dtype, sizeOf(wide)).fill(x.dtype === "bool" ? 1 : 7);
  const rank = x.shape.length;
  for (let i = 0; i < data.length; i++) {
    let rest = i;
    let at = 0;
    let stride = 1;
    const position = new Array<number>(rank);
    for (let a = rank - 1; a >= 0; a--) {
      position[a] = rest % (x.shape[a] as number);
      rest = Math.floor(rest / (x.shape[a] as number));
    }
    for (let a = rank - 1; a >= 0; a--) {
      at += ((position[rank - 1 - a] as number) + 2) * stride;
      stride *= wide[a] as number;
    }
    out[at] = data[i] as number;
  }
  return out;
}

/** Gradients of sum(weights * f(ins)) with respect to the float operands, and those operands. */
export function gradients(
  { out, ins, given }: Applied,
  seed: number,
): { wrt: GraphNode[]; grads: GraphNode[] } {
  const random = randomNumbers(seed + 1000);
  const weights = drawOperand({ shape: out.shape, dtype: out.dtype, domain: [0.5, 1.5], first: [] }, random);
  given.set(weights.node, weights.data);
  const wrt = ins.filter((x) => isFloat(x.dtype));
  const grads = backward([{ node: out, ct: weights.node }], wrt, ops);
  return { wrt, grads: grads.map((g, i) => g ?? ops.zerosLike(wrt[i] as GraphNode)) };
}

/**
 * Compares gradient graphs with central differences of the reference, both in float64. `value` is the scalar
 * function as a graph; returns the first difference as text.
 */
export function againstDifferences(
  value: GraphNode,
  wrt: readonly GraphNode[],
  grads: readonly GraphNode[],
  given: ReadonlyMap<GraphNode, HostData>,
): string | null {
  const exact = new Map([...given].map(([x, data]) => [x, Float64Array.from(data)]));
  const analytic = interpret(grads, exact);
  const at = (): number => interpret([value], exact)[0]?.data[0] as number;
  for (const [k, x] of wrt.entries()) {
    const data = exact.get(x) as Float64Array;
    for (let i = 0; i < Math.min(data.length, 12); i++) {
      const saved = data[i] as number;
      const h = 1e-4 * Math.max(1, Math.abs(saved));
      const slope = (step: number): number => {
        data[i] = saved + step;
        const up = at();
        data[i] = saved - step;
        const down = at();
        data[i] = saved;
        return (up - down) / (2 * step);
      };
      // Richardson's extrapolation: an error of order h^4.
      const numeric = (4 * slope(h / 2) - slope(h)) / 3;
      const mine = analytic[k]?.data[i] as number;
      if (!(Math.abs(mine - numeric) <= 2e-6 * (1 + Math.abs(numeric)))) {
        return `operand ${k}, element ${i}: ${mine} instead of ${numeric}`;
      }
    }
  }
  return null;
}

/** The sum of weighted elements, as a graph of rank 0. */
export function weightedSum(x: GraphNode, seed: number, given: Map<GraphNode, HostData>): GraphNode {
  const random = randomNumbers(seed);
  const weights = drawOperand({ shape: x.shape, dtype: x.dtype, domain: [0.5, 1.5], first: [] }, random);
  given.set(weights.node, weights.data);
  const axes = x.shape.map((_, i) => i);
  return ops.reshape(ops.sum(ops.mul(x, weights.node), axes), []);
}
