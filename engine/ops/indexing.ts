import { scalarType } from "../../kernels/scalar/builder.ts";
import { isFloat, isInteger } from "../core/dtype.ts";
import { dtypeError, shapeError } from "../core/errors.ts";
import { dim, replaceAxis, type Shape, shapesEqual, sizeOf, withAxis } from "../core/shape.ts";
import { type Aval, type GraphNode, makeNode } from "../ir/node.ts";
import { later } from "../ir/on-host.ts";
import { type GraphOps, notDifferentiable, type Primitive } from "../ir/primitive.ts";

/** Refuses indices that are no integers. */
export function checkIntegers(indices: Aval): void {
  if (!isInteger(indices.dtype))
    throw dtypeError({
      problem: "indices are no integers",
      got: { indices },
      need: "i32 or u32",
      hint: 'indices.cast("i32")',
    });
}

function checkIndices(x: Aval, indices: Aval, axis: number): void {
  checkIntegers(indices);
  const fits =
    indices.shape.length === x.shape.length && indices.shape.every((n, i) => i === axis || n === x.shape[i]);
  if (!fits) throw shapeError({ problem: `shapes differ outside axis ${axis}`, got: { x, indices } });
}

/**
 * `out[.., i, ..] = x[.., indices[.., i, ..], ..]` along `axis`. Negative indices count from the end. What an index
 * outside the axis names does not exist: floats read NaN, other dtypes 0.
 */
export const gather: Primitive<{ axis: number }> = {
  name: "gather",
  dtype: ([x]) => x!.dtype,
  shape: ([x, indices], { axis }) => {
    checkIndices(x!, indices!, axis);
    return [...indices!.shape];
  },
  vjp: ({ ct, ins: [x, indices], params: { axis } }, o) => [
    o.scatter(o.zerosLike(x!), indices!, ct, axis, "add"),
    null,
  ],
  reference: later("gather"),
  lower: {
    kind: "inline",
    form: "gather",
    emit: ({ s, at, out, ins: [x, indices], pull }, { axis }) => {
      const n = dim(x!.shape, axis);
      const raw = pull(1, at);
      const index = indices!.dtype === "u32" ? s.compute("i32", "i32(min($0, 0x7fffffffu))", [raw]) : raw;
      const wrapped = s.compute("i32", `select($0, $0 + ${n}, $0 < 0)`, [index]);
      const [inside, safe] = s.within(s.dynamicIndex(wrapped, -Infinity, Infinity), n);
      const value = pull(
        0,
        at.map((e, a) => (a === axis ? safe : e)),
      );
      const type = scalarType(out.dtype);
      return s.select(inside!, value, s.constant(type, missing(out)));
    },
  },
};

/** Indices that count from the end, which are negative, as those that they mean. */
export const fromStart = (indices: GraphNode, n: number, o: GraphOps): GraphNode =>
  o.where(o.less(indices, 0), o.add(indices, n), indices);

/** Whether an index is one of 0..n-1. */
const isInside = (at: GraphNode, n: number, o: GraphOps): GraphNode =>
  o.and(o.lessEqual(o.zerosLike(at), at), o.less(at, n));

/** What an index outside the axis reads. */
export const missing = (out: Aval): number => (out.dtype === "f32" || out.dtype === "f16" ? Number.NaN : 0);

interface ScatterParams {
  readonly axis: number;
  readonly mode: "add" | "set";
}

/**
 * `base` with `updates[.., i, ..]` added to, or written over, position `indices[.., i, ..]` of `axis`. Updates whose
 * index is outside are dropped. Equal indices: all are added, in order; of those written, the last stays.
 */
export const scatter: Primitive<ScatterParams> = {
  name: "scatter",
  dtype: ([base, , updates], { mode }) => {
    if (base!.dtype !== updates!.dtype)
      throw dtypeError({ problem: "dtypes differ", got: { base: base!, updates: updates! } });
    if (mode === "add" && base!.dtype === "bool")
      throw dtypeError({ problem: "booleans cannot be added", got: { base: base! } });
    return base!.dtype;
  },
  shape: ([base, indices, updates], { axis }) => {
    checkIndices(base!, indices!, axis);
    if (!shapesEqual(indices!.shape, updates!.shape)) {
      throw shapeError({
        problem: "indices and updates differ",
        got: { indices: indices!, updates: updates! },
      });
    }
    return [...base!.shape];
  },
  vjp: ({ ct, ins: [base, indices], params: { axis, mode }, needed }, o) => {
    const n = dim(base!.shape, axis);
    const at = fromStart(indices!, n, o);
    const inside = isInside(at, n, o);
    const picked = () => o.where(inside, o.gather(ct, o.where(inside, at, 0), axis), 0);
    if (mode === "add") return [ct, null, needed[2] ? picked() : null];
    // The last writer of each position is the one whose own number comes back from there.
    const number = o.iota(indices!.shape, axis);
    const nobody = o.full(base!.shape, -1, "i32");
    const writer = o.scatter(nobody, indices!, number, axis, "set");
    const last = () => o.and(inside, o.equal(o.gather(writer, o.where(inside, at, 0), axis), number));
    return [
      needed[0] ? o.where(o.less(writer, 0), ct, 0) : null,
      null,
      needed[2] ? o.where(last(), picked(), 0) : null,
    ];
  },
  reference: later("scatter"),
  lower: {
    kind: "rewrite",
    into: (node, params, o) => {
      const [base, indices] = node.inputs as [GraphNode, GraphNode];
      const n = dim(base.shape, params.axis);
      const count = dim(indices.shape, params.axis);
      if (count === 0 || n === 0) return base;
      return sizeOf(base.shape) * count <= MOST_MEETINGS || count < FEWEST_SORTED
        ? scatterByMeeting(node, params, o)
        : scatterBySorting(node, params, o);
    },
  },
};

/** Pairs of a position and an update up to which each looks at each: a few launches in place of some twenty. */
const MOST_MEETINGS = 1 << 22;
const FEWEST_SORTED = 32;

/** Every update meets every position: one more axis, right behind `axis`, [.., n, count, ..]. */
function scatterByMeeting(node: GraphNode, { axis, mode }: ScatterParams, o: GraphOps): GraphNode {
  const [base, indices, updates] = node.inputs as [GraphNode, GraphNode, GraphNode];
  const wide = withAxis(base.shape, axis + 1, dim(indices.shape, axis));
  const across = (x: GraphNode) => o.broadcastTo(o.reshape(x, withAxis(x.shape, axis, 1)), wide);
  const at = fromStart(indices, dim(base.shape, axis), o);
  const hit = o.equal(across(o.cast(at, "i32")), o.iota(wide, axis));
  if (mode === "add") {
    const sums = o.sum(o.where(hit, across(updates), 0), [axis + 1]);
    return o.add(base, o.reshape(sums, base.shape));
  }
  const last = o.reshape(o.max(o.where(hit, o.iota(wide, axis + 1), -1), [axis + 1]), base.shape);
  const written = o.lessEqual(o.zerosLike(last), last);
  return o.where(written, o.gather(updates, o.maximum(last, 0), axis), base);
}

/** How many neighbours one pass of a running sum adds up. */
const REACH = 8;

/**
 * Updates in the order of where they go, so that those of one position are neighbours: their running sums end with
 * the sum for the position, which bisection finds. Costs count * log(count), and is the same in every run.
 */
function scatterBySorting(node: GraphNode, { axis, mode }: ScatterParams, o: GraphOps): GraphNode {
  const [base, indices, updates] = node.inputs as [GraphNode, GraphNode, GraphNode];
  const n = dim(base.shape, axis);
  const count = dim(indices.shape, axis);
  // Indices that are the same along other axes, as those of table rows are, are sorted once.
  const few =
    indices.primitive.name === "expand" && !indices.stored ? (indices.inputs[0] as GraphNode) : indices;
  const raw = dim(few.shape, axis) === count ? few : indices;
  const wrapped = fromStart(raw, n, o);
  const inside = isInside(wrapped, n, o);
  const places = o.cast(o.where(inside, wrapped, n), "i32");
  const last = places.shape.length - 1;
  const swap = places.shape.map((_, i) => (i === axis ? last : i === last ? axis : i));
  const order = o.permute(makeNode(argsort as Primitive, [o.permute(places, swap)]), swap);
  const sorted = o.gather(places, order, axis);
  // How many updates go to position p or to one before it.
  const positions = replaceAxis(places.shape, axis, n);
  const p = o.iota(positions, axis);
  const end = bisect(count, positions, (middle) => o.lessEqual(o.gather(sorted, middle, axis), p), o);
  const final = o.maximum(o.sub(end, 1), 0);
  const hit = o.broadcastTo(o.and(o.greater(end, 0), o.equal(o.gather(sorted, final, axis), p)), base.shape);
  if (mode === "set") {
    const writer = o.broadcastTo(o.gather(order, final, axis), base.shape);
    return o.where(hit, o.gather(updates, writer, axis), base);
  }
  const dtype = isFloat(base.dtype) ? "f32" : base.dtype;
  let sums = o.cast(o.gather(updates, o.broadcastTo(order, updates.shape), axis), dtype);
  const keys = o.add(sorted, 1); // outside of the axis views read 0, which no key is
  for (let width = 1; width < count; width *= REACH) {
    const before = sums;
    for (let j = 1; j < REACH && j * width < count; j++) {
      const by = j * width;
      const same = o.broadcastTo(o.equal(keys, o.pad(keys, axis, by, -by)), before.shape);
      sums = o.add(sums, o.where(same, o.pad(before, axis, by, -by), 0));
    }
  }
  const found = o.gather(sums, o.broadcastTo(final, base.shape), axis);
  return o.add(base, o.cast(o.where(hit, found, 0), base.dtype));
}

/**
 * How many of `count` things in a row have the property that the first ones have and the later ones do not, for each
 * position of a shape. `has` is asked for things within the row.
 */
export function bisect(
  count: number,
  shape: Shape,
  has: (at: GraphNode) => GraphNode,
  o: GraphOps,
): GraphNode {
  let low = o.full(shape, 0, "i32");
  if (count === 0) return low;
  // The answer is in low..low + span, one step halves the span.
  for (let span = count; span > 0; span = Math.floor(span / 2)) {
    const middle = o.add(low, Math.floor(span / 2));
    const more = o.and(o.less(middle, count), has(o.minimum(middle, count - 1)));
    low = o.where(more, o.add(middle, 1), low);
  }
  return low;
}

/** Stable order of each row along the last axis: ascending, NaN last. */
export const argsort: Primitive<null> = {
  name: "argsort",
  dtype: ([x]) => {
    if (x!.dtype === "bool") throw dtypeError({ problem: "needs numbers", got: { x: x! } });
    return "i32";
  },
  shape: ([x]) => [...x!.shape],
  vjp: notDifferentiable("returns indices"),
  reference: later("argsort"),
  lower: { kind: "sort" },
};
