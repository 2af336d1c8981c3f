import { allocateHost, type DType, isFloat } from "../core/dtype.ts";
import { dim, shapesEqual, sizeAlong, sizeOf } from "../core/shape.ts";
import { GraphNode } from "../ir/node.ts";
import { isLate } from "../ir/on-host.ts";
import type { AxisMap, GraphOps, HostTensor } from "../ir/primitive.ts";
import type { Program } from "./program.ts";
import { rebuild } from "./rebuild.ts";

/**
 * Pass: removes what need not be computed. Equal nodes become one, constants are folded, views of views become one
 * view, and whatever is computed from broadcast operands alone is computed before the broadcast.
 */
export function simplify(program: Program, o: GraphOps): Program {
  const known = new Map<string, GraphNode>();
  const unique = (node: GraphNode): GraphNode => {
    if (node.primitive.lower.kind === "input") return node;
    const key = `${node.primitive.name}(${node.inputs.map((x) => x.id).join(",")})${JSON.stringify(node.params, exactNumbers)}`;
    const found = known.get(key);
    if (found) return found;
    known.set(key, node);
    return node;
  };
  const merged = rebuild(program, (node, inputs) => {
    const same = inputs.every((x, i) => x === node.inputs[i]);
    const fresh = same ? node : new GraphNode(node.primitive, inputs, node.params, node, node.op);
    return unique(improve(fresh, o));
  });
  // Tags have kept recomputed values apart from the originals; from here on they are only in the way.
  return rebuild(merged, (node, inputs) => {
    if (node.primitive.name === "identity" || node.primitive.name === "stopGradient")
      return inputs[0] as GraphNode;
    return inputs.every((x, i) => x === node.inputs[i])
      ? node
      : new GraphNode(node.primitive, inputs, node.params, node, node.op);
  });
}

const exactNumbers = (_: string, value: unknown): unknown =>
  typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))
    ? `#${Object.is(value, -0) ? "-0" : value}`
    : value;

interface FullParams {
  readonly shape: readonly number[];
  readonly value: number;
  readonly dtype: DType;
}

const constantOf = (x: GraphNode | undefined): number | null =>
  x?.primitive.name === "full" ? (x.params as FullParams).value : null;

/** Improves one node until no rule applies. */
function improve(node: GraphNode, o: GraphOps): GraphNode {
  for (let i = 0; i < 20; i++) {
    const next = step(node, o);
    if (next === node) return node;
    node = next;
  }
  return node;
}

function step(node: GraphNode, o: GraphOps): GraphNode {
  const { lower, name } = node.primitive;
  if (lower.kind === "input" || name === "full") return node;
  if (sizeOf(node.shape) === 0) return o.full(node.shape, 0, node.dtype);
  if (lower.kind === "elementwise") return elementwiseStep(node, lower.cost, o);
  if (lower.kind === "reduce") return reduceStep(node, o);
  if (name === "dot" && node.inputs.some((x) => sizeOf(x.shape) === 0 || constantOf(x) === 0)) {
    return node.inputs.every((x) => finiteOrEmpty(x)) ? o.full(node.shape, 0, node.dtype) : node;
  }
  return viewStep(node, o);
}

const finiteOrEmpty = (x: GraphNode): boolean =>
  sizeOf(x.shape) === 0 || Number.isFinite(constantOf(x) ?? Number.NaN);

function elementwiseStep(node: GraphNode, cost: number, o: GraphOps): GraphNode {
  const folded = foldConstants(node, o);
  if (folded) return folded;
  const [a, b] = node.inputs as [GraphNode, GraphNode];
  const ca = constantOf(a);
  const cb = constantOf(b);
  const float = isFloat(node.dtype);
  switch (node.primitive.name) {
    case "add":
      if (ca === 0) return b;
      if (cb === 0) return a;
      if (b.primitive.name === "neg") return remake(node, o.sub(a, b.inputs[0] as GraphNode));
      return joinPadded(a, b, o) ?? (cost > 0 ? computeBeforeBroadcast(node, o) : node);
    case "sub":
      if (cb === 0) return a;
      if (b.primitive.name === "neg") return remake(node, o.add(a, b.inputs[0] as GraphNode));
      break;
    case "mul":
      if (ca === 1) return b;
      if (cb === 1) return a;
      if (ca === -1) return remake(node, o.neg(b));
      if (cb === -1) return remake(node, o.neg(a));
      break;
    case "div":
      if (cb === 1) return a;
      break;
    case "neg":
      if (a.primitive.name === "neg") return a.inputs[0] as GraphNode;
      break;
    case "pow":
      if (!float || cb === null) break;
      if (cb === 1) return a;
      if (cb === 2) return remake(node, o.mul(a, a));
      if (cb === 3) return remake(node, o.mul(o.mul(a, a), a));
      if (cb === -1) return remake(node, o.div(o.full(a.shape, 1, a.dtype), a));
      break;
    case "where": {
      const condition = constantOf(a);
      if (condition !== null) return node.inputs[condition ? 1 : 2] as GraphNode;
      if (node.inputs[1] === node.inputs[2]) return b;
      break;
    }
    case "cast":
      if (a.dtype === node.dtype) return a;
      break;
  }
  return cost > 0 ? computeBeforeBroadcast(node, o) : node;
}

/** What `x` pads with zeros, along one axis, and how many stand before it. */
function paddedBy(x: GraphNode): { inner: GraphNode; axis: number; before: number; after: number } | null {
  if (x.primitive.name !== "affineView") return null;
  const inner = x.inputs[0] as GraphNode;
  const { axes } = x.params as { axes: readonly AxisMap[] };
  const moved = axes.flatMap((a, i) => (a.constant !== 0 || a.size !== dim(inner.shape, i) ? [i] : []));
  const axis = moved[0] as number;
  if (moved.length !== 1 || axes.some((a) => a.factor !== 1 || a.divisor !== 1 || a.skew !== 0)) return null;
  const before = -dim(
    axes.map((a) => a.constant),
    axis,
  );
  const after = dim(x.shape, axis) - dim(inner.shape, axis) - before;
  return before >= 0 && after >= 0 ? { inner, axis, before, after } : null;
}

/** pad(a) + pad(b) = pad(concat(a, b)) where one begins at the position at which the other ends. */
function joinPadded(a: GraphNode, b: GraphNode, o: GraphOps): GraphNode | null {
  const [p, q] = [paddedBy(a), paddedBy(b)];
  if (!p || !q || p.axis !== q.axis) return null;
  const { axis } = p;
  const [left, right] = p.before < q.before ? [p, q] : [q, p];
  if (left.before + dim(left.inner.shape, axis) !== right.before) return null;
  const parts = [left, right].flatMap(({ inner }) => {
    const joined = inner.primitive.name === "concat" && (inner.params as { axis: number }).axis === axis;
    return joined ? inner.inputs : [inner];
  });
  return o.pad(o.concat(parts, axis), axis, left.before, right.after);
}

const remake = (_: GraphNode, better: GraphNode): GraphNode => better;

/** An elementwise op on constants is a constant. */
function foldConstants(node: GraphNode, o: GraphOps): GraphNode | null {
  const values = node.inputs.map(constantOf);
  if (values.length === 0 || values.some((v) => v === null) || isLate(node.primitive.reference)) return null;
  const ins = node.inputs.map(
    (x, i): HostTensor => ({ shape: [], dtype: x.dtype, data: Float64Array.of(values[i] as number) }),
  );
  const result = node.primitive.reference(ins, node.params, { shape: [], dtype: node.dtype })[0] as number;
  return o.full(node.shape, roundTo(result, node.dtype), node.dtype);
}

function roundTo(value: number, dtype: DType): number {
  const cell = allocateHost(dtype, 1);
  cell[0] = value;
  return cell[0] as number;
}

/** f(expand(a), expand(b)) = expand(f(a, b)) when that is less work. */
function computeBeforeBroadcast(node: GraphNode, o: GraphOps): GraphNode {
  let narrow: number[] | null = null;
  for (const x of node.inputs) {
    if (x.primitive.name === "full") continue;
    if (x.primitive.name !== "expand") return node;
    const source = (x.inputs[0] as GraphNode).shape;
    narrow = narrow ? narrow.map((n, i) => Math.max(n, dim(source, i))) : [...source];
  }
  if (!narrow || shapesEqual(narrow, node.shape)) return node;
  const shape = narrow;
  const sources = node.inputs.map((x) =>
    x.primitive.name === "full"
      ? o.full(shape, constantOf(x) as number, x.dtype)
      : o.broadcastTo(x.inputs[0] as GraphNode, shape),
  );
  const small = new GraphNode(node.primitive, sources, node.params, { dtype: node.dtype, shape }, node.op);
  return o.broadcastTo(improve(small, o), node.shape);
}

function reduceStep(node: GraphNode, o: GraphOps): GraphNode {
  const x = node.inputs[0] as GraphNode;
  const { axes } = node.params as { axes: readonly number[] };
  const { name } = node.primitive;
  const count = sizeAlong(x.shape, axes);
  const index = name === "argmax" || name === "argmin";
  if (count === 0) return o.full(node.shape, name === "prod" ? 1 : 0, node.dtype);
  const wide = axes.filter((a) => dim(x.shape, a) !== 1);
  if (wide.length === 0) return index ? o.full(node.shape, 0, "i32") : x;
  if (!index && wide.length < axes.length)
    return new GraphNode(node.primitive, [x], { axes: wide }, node, node.op);
  const value = constantOf(x);
  if (value !== null && name === "sum")
    return o.full(node.shape, roundTo(value * count, node.dtype), node.dtype);
  if (value !== null && (name === "max" || name === "min")) return o.full(node.shape, value, node.dtype);
  if (x.primitive.name === "expand" && name === "sum") {
    const source = x.inputs[0] as GraphNode;
    const repeated = axes.filter((a) => dim(source.shape, a) === 1);
    if (repeated.length === 0) return node;
    // Repeated values: sum what differs, multiply by how often it stands there.
    const rest = axes.filter((a) => !repeated.includes(a));
    const factor = sizeAlong(x.shape, repeated);
    const narrow = x.shape.map((n, a) => (repeated.includes(a) ? 1 : n));
    return o.mul(o.sum(o.broadcastTo(source, narrow), rest), factor);
  }
  return node;
}

function viewStep(node: GraphNode, o: GraphOps): GraphNode {
  const x = node.inputs[0];
  if (!x) return node;
  const { name } = node.primitive;
  const value = constantOf(x);
  const inner = x.inputs[0] as GraphNode;
  switch (name) {
    case "reshape":
    case "permute":
    case "expand":
      if (value !== null) return o.full(node.shape, value, node.dtype);
      if (name !== "permute" && shapesEqual(x.shape, node.shape)) return x;
      if (name === "reshape" && x.primitive.name === "reshape") return o.reshape(inner, node.shape);
      if (name === "expand" && x.primitive.name === "expand") return o.broadcastTo(inner, node.shape);
      if (name === "permute") return permuteStep(node, x, o);
      if (name === "reshape" && x.primitive.name === "expand") return reshapeOfExpand(node, inner, x, o);
      break;
    case "affineView":
      if (value === 0 || sizeOf(x.shape) === 0) return o.full(node.shape, 0, node.dtype);
      break;
    case "concat":
      if (node.inputs.length > MOST_JOINED) return joinInSteps(node, o);
      if (node.inputs.some((y) => sizeOf(y.shape) === 0)) {
        return o.concat(
          node.inputs.filter((y) => sizeOf(y.shape) > 0),
          (node.params as { axis: number }).axis,
        );
      }
      break;
    case "gather":
      if (sizeOf(x.shape) === 0) return o.full(node.shape, isFloat(node.dtype) ? Number.NaN : 0, node.dtype);
      break;
  }
  return node;
}

/** More operands than one kernel can bind are joined a few at a time. */
const MOST_JOINED = 6;

function joinInSteps(node: GraphNode, o: GraphOps): GraphNode {
  const { axis } = node.params as { axis: number };
  const parts: GraphNode[] = [];
  for (let i = 0; i < node.inputs.length; i += MOST_JOINED) {
    parts.push(o.concat(node.inputs.slice(i, i + MOST_JOINED), axis));
  }
  return o.concat(parts, axis);
}

function permuteStep(node: GraphNode, x: GraphNode, o: GraphOps): GraphNode {
  const { axes } = node.params as { axes: readonly number[] };
  if (axes.every((a, i) => a === i)) return x;
  if (x.primitive.name === "permute") {
    const inner = (x.params as { axes: readonly number[] }).axes;
    return o.permute(
      x.inputs[0] as GraphNode,
      axes.map((a) => inner[a] as number),
    );
  }
  // Moving axes of size 1 changes no order in memory.
  const kept = axes.filter((a) => dim(x.shape, a) !== 1);
  return kept.every((a, i) => i === 0 || a > (kept[i - 1] as number)) ? o.reshape(x, node.shape) : node;
}

/** reshape(expand(x)) is expand(reshape(x)) when the reshape only adds or removes axes of size 1. */
function reshapeOfExpand(node: GraphNode, source: GraphNode, expanded: GraphNode, o: GraphOps): GraphNode {
  const from = expanded.shape.map((n, i) => ({ n, i })).filter(({ n }) => n !== 1);
  const to = node.shape.map((n, i) => ({ n, i })).filter(({ n }) => n !== 1);
  if (from.length !== to.length || !from.every((f, j) => f.n === to[j]?.n)) return node;
  const shape = node.shape.map(() => 1);
  from.forEach(({ i }, j) => {
    shape[(to[j] as { i: number }).i] = dim(source.shape, i);
  });
  return o.broadcastTo(o.reshape(source, shape), node.shape);
}
