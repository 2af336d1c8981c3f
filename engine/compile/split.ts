import type { Profile } from "../core/profile.ts";
import { dim, sizeAlong, sizeOf } from "../core/shape.ts";
import { GraphNode } from "../ir/node.ts";
import type { DotAxes, GraphOps } from "../ir/primitive.ts";
import { dotDomain } from "./cluster.ts";
import type { Program } from "./program.ts";
import { rebuild } from "./rebuild.ts";
import { besideRows, dotPieces, longestLoop, reductionPieces } from "./tiles.ts";

/**
 * Pass: cuts long sums with few results into pieces, so that there are threads enough, and adds the pieces up. Each
 * piece has its place, so the order of additions, and with it every bit, stays the same from run to run.
 */
export function splitLongSums(program: Program, profile: Profile, o: GraphOps): Program {
  return rebuild(program, (fresh) => {
    const { lower } = fresh.primitive;
    if (lower.kind === "reduce" && lower.combine !== "argmax" && lower.combine !== "argmin")
      return splitReduction(fresh, profile, o);
    return lower.kind === "dot" ? splitDot(fresh, profile, o) : fresh;
  });
}

function splitReduction(node: GraphNode, profile: Profile, o: GraphOps): GraphNode {
  const x = node.inputs[0] as GraphNode;
  const { axes } = node.params as { axes: readonly number[] };
  const length = sizeAlong(x.shape, axes);
  const pieces = reductionPieces(profile, sizeOf(node.shape), length, besideRows(x.shape, axes));
  const cut = bestCut(axes, x.shape, pieces);
  if (!cut) return node;
  const reduce = (y: GraphNode, over: readonly number[]): GraphNode => {
    const params = { axes: over };
    return new GraphNode(
      node.primitive,
      [y],
      params,
      { dtype: node.dtype, shape: node.primitive.shape([y], params) },
      node.op,
    );
  };
  const wide = o.reshape(x, splitAxis(x.shape, cut.axis, cut.pieces));
  const parts = reduce(
    wide,
    axes.map((a) => (a >= cut.axis ? a + 1 : a)),
  );
  return o.reshape(reduce(parts, [cut.axis]), node.shape);
}

function splitDot(node: GraphNode, profile: Profile, o: GraphOps): GraphNode {
  const [a, b] = node.inputs as [GraphNode, GraphNode];
  const p = node.params as DotAxes;
  const depth = sizeAlong(a.shape, p.contractA);
  const wanted = dotPieces(profile, { ...dotDomain(node), k: depth });
  const rest = depth % wanted;
  // What must be cut and does not fall into as many pieces: what is left over is apart.
  if (rest && depth > longestLoop(profile) && p.contractA.length === 1) {
    const part = (from: number, steps: number) =>
      o.dot(o.slice(a, dim(p.contractA, 0), from, steps), o.slice(b, dim(p.contractB, 0), from, steps), p);
    return o.add(splitDot(part(0, depth - rest), profile, o), part(depth - rest, rest));
  }
  const cut = bestCut(p.contractA, a.shape, wanted);
  if (!cut) return node;
  const { pieces } = cut;
  const position = p.contractA.indexOf(cut.axis);
  // The pieces become one more batch axis in front of the contracted axis; later axes move up by one.
  const widen = (x: GraphNode, axis: number) => o.reshape(x, splitAxis(x.shape, axis, pieces));
  const moved = (axes: readonly number[], axis: number) => axes.map((i) => (i >= axis ? i + 1 : i));
  const axisB = p.contractB[position] as number;
  const parts = o.dot(widen(a, cut.axis), widen(b, axisB), {
    batchA: [cut.axis, ...moved(p.batchA, cut.axis)],
    batchB: [axisB, ...moved(p.batchB, axisB)],
    contractA: moved(p.contractA, cut.axis),
    contractB: moved(p.contractB, axisB),
  });
  return o.reshape(o.sum(parts, [0]), node.shape);
}

const splitAxis = (shape: readonly number[], axis: number, pieces: number): number[] => [
  ...shape.slice(0, axis),
  pieces,
  dim(shape, axis) / pieces,
  ...shape.slice(axis + 1),
];

/** The axis that can be cut into the number of pieces nearest below what is wanted; null if it is not worth it. */
function bestCut(
  axes: readonly number[],
  shape: readonly number[],
  wanted: number,
): { axis: number; pieces: number } | null {
  let best: { axis: number; pieces: number } | null = null;
  for (const axis of axes) {
    const n = dim(shape, axis);
    for (let pieces = Math.min(wanted, n); pieces >= 2; pieces--) {
      if (n % pieces !== 0) continue;
      if (!best || pieces > best.pieces) best = { axis, pieces };
      break;
    }
  }
  return best;
}
