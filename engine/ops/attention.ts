import { dim, range, type Shape, sizeOf } from "../core/shape.ts";
import { type AttentionParams, type AttentionRole, attentionOperands } from "../ir/attention.ts";
import { type Aval, behind, type GraphNode, makeNode } from "../ir/node.ts";
import { later } from "../ir/on-host.ts";
import type { GraphOps, Primitive, VjpArguments } from "../ir/primitive.ts";

/** The score of what is hidden. Finite, since WGSL compilers may assume that there are no infinities. */
const HIDDEN = -1e30;

/** A query and a value together may have so many elements: kernels keep sums of that length in registers. */
const WIDEST = 960;

/** Buffers that a kernel may bind anywhere. */
const BUFFERS = 8;

/** A bias with fewer elements has its gradient summed up in pieces: so many elements keep an adapter busy. */
const BUSY = 65536;

const last = (x: Aval): number => x.shape.length - 1;

/**
 * Attention whose matrix of scores is never stored: what `params.role` says of it. From the output and `lse` follows
 * each gradient on its own; all compute the scores anew, in float32. `composed` is the same in other ops, with the
 * weights for one more; what cannot be a kernel becomes that, and derivatives of gradients go through it.
 */
export function attentionRecord(o: GraphOps) {
  const f32 = (x: GraphNode) => (x.dtype === "bool" ? x : o.cast(x, "f32"));

  /** Batched product over one axis of each: the last, or the one before it for 2. */
  const product = (a: GraphNode, b: GraphNode, overA: number, overB: number) => {
    const batch = range(a.shape.length - 2);
    const rank = a.shape.length;
    return o.dot(a, b, {
      batchA: batch,
      batchB: batch,
      contractA: [rank - overA],
      contractB: [rank - overB],
    });
  };

  /** Sums over the axes along which `shape` repeats. */
  const gathered = (x: GraphNode, shape: Shape) =>
    o.sum(
      x,
      x.shape.flatMap((n, i) => (n === shape[i] ? [] : [i])),
    );

  const composed = (
    ins: readonly GraphNode[],
    p: AttentionParams,
    role: AttentionRole | "weights" = p.role,
  ): GraphNode => {
    const { q, k, v, addends, visible, kept, g, rows } = attentionOperands(ins.map(f32), p);
    const scaled = (x: GraphNode) => o.mul(x, p.scale);
    let scores = scaled(product(q, k, 1, 1));
    for (const x of addends) scores = o.maximum(o.add(scores, x), HIDDEN);
    if (visible) scores = o.where(visible, scores, HIDDEN);
    const axis = last(scores);
    let lse: GraphNode;
    if (rows) lse = o.slice(rows, axis, 0, 1);
    else {
      // Without keys there is nothing to choose from.
      const top = o.max(o.concat([scores, o.full([...q.shape.slice(0, -1), 1], HIDDEN, "f32")], axis), [
        axis,
      ]);
      const sum = o.sum(o.exp(o.sub(scores, top)), [axis]);
      lse = o.where(o.less(top, HIDDEN / 2), -HIDDEN, o.add(top, o.log(sum)));
    }
    const weights = o.exp(o.sub(scores, lse));
    const dropped = (x: GraphNode) => (kept ? o.where(kept, o.mul(x, p.kept), 0) : x);
    const slope = () => o.mul(weights, o.sub(dropped(product(g, v, 1, 1)), o.slice(rows, last(rows), 1, 1)));
    const result = {
      lse: () => lse,
      weights: () => weights,
      output: () => product(dropped(weights), v, 1, 2),
      values: () => product(dropped(weights), g, 2, 2),
      queries: () => scaled(product(slope(), k, 1, 2)),
      keys: () => scaled(product(slope(), q, 2, 2)),
      addend: () => gathered(slope(), shapeOf(ins, p)),
    }[role]();
    return o.cast(result, role === "weights" ? q.dtype : dtypeOf(ins, p));
  };

  const gradients = ({ ct, ins, out, params, needed }: VjpArguments<AttentionParams>) => {
    const make = (role: AttentionRole, operands = ins) =>
      makeNode(attention as Primitive, operands, { ...params, role });
    const delta = o.sum(o.mul(f32(ct), f32(out)), [last(out)]);
    const more = [...ins, ct, o.concat([make("lse"), delta], last(out))];
    return ins.map((x, i) => {
      if (!needed[i]) return null;
      if (i < 3) return make((["queries", "keys", "values"] as const)[i] as AttentionRole, more);
      return addendGradient(more, { ...params, role: "addend", target: i }, x);
    });
  };

  /** In pieces along the first axis of the batch that is summed up, so that there are threads enough. */
  const addendGradient = (ins: readonly GraphNode[], p: AttentionParams, x: GraphNode): GraphNode => {
    const axis = (ins[0] as Aval).shape.findIndex((n, i) => n > 1 && x.shape[i] === 1 && i < last(x) - 1);
    const size = axis < 0 ? 1 : dim((ins[0] as Aval).shape, axis);
    const elements = sizeOf(shapeOf(ins, p));
    let pieces = Math.max(1, Math.min(size >> 2, Math.floor(BUSY / elements)));
    while (size % pieces !== 0) pieces--;
    const cut = (y: GraphNode, whole: number) => {
      const shape = y.shape.flatMap((n, i) => (i !== axis ? [n] : n === 1 ? [1, 1] : [pieces, n / pieces]));
      return o.broadcastTo(
        o.reshape(y, shape),
        shape.map((n, i) => (i === axis ? Math.max(n, whole) : n)),
      );
    };
    const parts = ins.map((y, i) => cut(y, i === p.target ? pieces : 1));
    return o.reshape(gathered(makeNode(attention as Primitive, parts, p), cut(x, 1).shape), x.shape);
  };

  const attention: Primitive<AttentionParams> = {
    name: "attention",
    dtype: dtypeOf,
    shape: shapeOf,
    vjp: (args) => (args.params.role === "output" ? gradients(args) : composed(args.ins, args.params)),
    reference: later("attention"),
    lower: {
      kind: "attention",
      adapt: (node, p, _, profile) => {
        const { inputs } = node;
        const [q, , v] = inputs as [GraphNode, GraphNode, GraphNode];
        // Of a single query they are outer products of little: keys and values need not be kept for them.
        const outer = profile.kind === "gpu" && dim(q.shape, last(q) - 1) === 1 && /keys|values/.test(p.role);
        const fits =
          !outer &&
          dim(q.shape, last(q)) + dim(v.shape, last(v)) <= WIDEST &&
          inputs.every((x) => sizeOf(x.shape) > 0) &&
          new Set(inputs.map(behind)).size < BUFFERS;
        return fits ? node : composed(inputs, p);
      },
    },
  };
  return { attention, composed };
}

const dtypeOf = (ins: readonly Aval[], { role, target }: AttentionParams): Aval["dtype"] =>
  role === "lse" ? "f32" : (ins[target] as Aval).dtype;

function shapeOf(ins: readonly Aval[], { role, target }: AttentionParams): number[] {
  const [q, k, v, addend] = [0, 1, 2, target].map((i) => (ins[i] as Aval).shape) as [
    Shape,
    Shape,
    Shape,
    Shape,
  ];
  const row = q.slice(0, -1);
  const shapes = {
    output: [...row, ...v.slice(-1)],
    lse: [...row, 1],
    queries: q,
    keys: k,
    values: v,
    addend: [...addend.slice(0, -2), ...q.slice(-2, -1), ...k.slice(-2, -1)],
  };
  return [...shapes[role]];
}
