import { DTypeError, ShapeError } from "../core/errors.ts";
import { dim, shapesEqual, sizeOf, stridesOf } from "../core/shape.ts";
import type { Aval } from "../ir/node.ts";
import { type HostTensor, notDifferentiable, type Primitive } from "../ir/primitive.ts";
import { toDType } from "./elementwise.ts";
import { eachPosition } from "./host-loops.ts";

function checkIndices(name: string, x: Aval, indices: Aval, axis: number): void {
  if (indices.dtype !== "i32" && indices.dtype !== "u32") {
    throw new DTypeError(name, { problem: "indices are no integers", got: { indices }, need: "i32 or u32" });
  }
  const fits =
    indices.shape.length === x.shape.length && indices.shape.every((n, i) => i === axis || n === x.shape[i]);
  if (!fits)
    throw new ShapeError(name, { problem: `shapes differ outside axis ${axis}`, got: { x, indices } });
}

/** The element that index `i` names on an axis of size n: negative ones count from the end; null outside. */
const resolve = (i: number, n: number): number | null => {
  const at = i < 0 ? i + n : i;
  return at >= 0 && at < n ? at : null;
};

/**
 * `out[.., i, ..] = x[.., indices[.., i, ..], ..]` along `axis`. Negative indices count from the end. What an index
 * outside the axis names does not exist: floats read NaN, other dtypes 0.
 */
export const gather: Primitive<{ axis: number }> = {
  name: "gather",
  dtype: ([x]) => x!.dtype,
  shape: ([x, indices], { axis }) => {
    checkIndices("gather", x!, indices!, axis);
    return [...indices!.shape];
  },
  vjp: ({ ct, ins: [x, indices], params: { axis } }, o) => [
    o.scatter(o.zerosLike(x!), indices!, ct, axis, "add"),
    null,
  ],
  reference: ([x, indices], { axis }, out) => {
    const result = new Float64Array(sizeOf(out.shape));
    const strides = stridesOf(x!.shape);
    eachPosition(out.shape, (p, i) => {
      const at = resolve(indices!.data[i] as number, dim(x!.shape, axis));
      const from = p.reduce((sum, n, a) => sum + (a === axis ? (at ?? 0) : n) * (strides[a] as number), 0);
      result[i] = at === null ? missing(out) : (x!.data[from] as number);
    });
    return result;
  },
  lower: {
    kind: "inline",
    form: "gather",
    emit: ({ s, at, out, ins: [x, indices], pull }, { axis }) => {
      const n = dim(x!.shape, axis);
      const raw = pull(1, at);
      const index = indices!.dtype === "u32" ? s.compute("i32", "i32(min($0, 0x7fffffffu))", [raw]) : raw;
      const wrapped = s.compute("i32", `select($0, $0 + ${n}, $0 < 0)`, [index]);
      const inside = s.compute("bool", `(bitcast<u32>($0) < ${n}u)`, [wrapped]);
      const safe = s.dynamicIndex(s.select(inside, wrapped, s.constant("i32", 0)), 0, n - 1);
      const value = pull(
        0,
        at.map((e, a) => (a === axis ? safe : e)),
      );
      const type = out.dtype === "f16" ? "f32" : out.dtype;
      return s.select(inside, value, s.constant(type, missing(out)));
    },
  },
};

const missing = (out: Aval): number => (out.dtype === "f32" || out.dtype === "f16" ? Number.NaN : 0);

/**
 * `base` with `updates[.., i, ..]` added to, or written over, position `indices[.., i, ..]` of `axis`. Updates whose
 * index is outside are dropped. Equal indices: all are added, in order; of those written, the last stays.
 */
export const scatter: Primitive<{ axis: number; mode: "add" | "set" }> = {
  name: "scatter",
  dtype: ([base, , updates], { mode }) => {
    if (base!.dtype !== updates!.dtype)
      throw new DTypeError("scatter", { problem: "dtypes differ", got: { base: base!, updates: updates! } });
    if (mode === "add" && base!.dtype === "bool")
      throw new DTypeError("scatter", { problem: "booleans cannot be added", got: { base: base! } });
    return base!.dtype;
  },
  shape: ([base, indices, updates], { axis }) => {
    checkIndices("scatter", base!, indices!, axis);
    if (!shapesEqual(indices!.shape, updates!.shape)) {
      throw new ShapeError("scatter", {
        problem: "indices and updates differ",
        got: { indices: indices!, updates: updates! },
      });
    }
    return [...base!.shape];
  },
  vjp: ({ ct, ins: [base, indices], params: { axis, mode }, needed }, o) => {
    const n = dim(base!.shape, axis);
    const at = o.where(o.less(indices!, 0), o.add(indices!, n), indices!);
    const inside = o.and(o.lessEqual(o.zerosLike(at), at), o.less(at, n));
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
  reference: ([base, indices, updates], { axis, mode }, out) => {
    const result = (base as HostTensor).data.slice();
    const strides = stridesOf(out.shape);
    eachPosition(indices!.shape, (p, i) => {
      const at = resolve(indices!.data[i] as number, dim(out.shape, axis));
      if (at === null) return;
      const to = p.reduce((sum, n, a) => sum + (a === axis ? at : n) * (strides[a] as number), 0);
      const update = updates!.data[i] as number;
      result[to] = toDType(mode === "add" ? (result[to] as number) + update : update, out.dtype);
    });
    return result;
  },
  lower: {
    kind: "rewrite",
    into: (node, { axis, mode }, o) => {
      const [base, indices, updates] = node.inputs as [typeof node, typeof node, typeof node];
      const n = dim(base.shape, axis);
      const count = dim(indices.shape, axis);
      if (count === 0 || n === 0) return base;
      // One more axis, right behind `axis`: [.., n, count, ..], where update j meets position i.
      const wide = [...base.shape.slice(0, axis + 1), count, ...base.shape.slice(axis + 1)];
      const across = (x: typeof node) =>
        o.broadcastTo(o.reshape(x, [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)]), wide);
      const at = o.where(o.less(indices, 0), o.add(indices, n), indices);
      const hit = o.equal(across(o.cast(at, "i32")), o.iota(wide, axis));
      if (mode === "add") {
        const sums = o.sum(o.where(hit, across(updates), 0), [axis + 1]);
        return o.add(base, o.reshape(sums, base.shape));
      }
      const last = o.reshape(o.max(o.where(hit, o.iota(wide, axis + 1), -1), [axis + 1]), base.shape);
      const written = o.lessEqual(o.zerosLike(last), last);
      return o.where(written, o.gather(updates, o.maximum(last, 0), axis), base);
    },
  },
};

/** Stable order of each row along the last axis: ascending, NaN last. */
export const argsort: Primitive<null> = {
  name: "argsort",
  dtype: ([x]) => {
    if (x!.dtype === "bool") throw new DTypeError("argsort", { problem: "needs numbers", got: { x: x! } });
    return "i32";
  },
  shape: ([x]) => [...x!.shape],
  vjp: notDifferentiable("returns indices"),
  reference: ([x], _, out) => {
    const n = out.shape[out.shape.length - 1] as number;
    const result = new Float64Array(x!.data.length);
    for (let start = 0; start < result.length; start += n) {
      const row = Array.from(x!.data.subarray(start, start + n), (v) => (Number.isNaN(v) ? Infinity : v));
      const nan = (i: number) => (Number.isNaN(x!.data[start + i] as number) ? 1 : 0);
      const order = row
        .map((_, i) => i)
        .sort(
          (i, j) => nan(i) - nan(j) || (row[i] === row[j] ? i - j : (row[i] as number) - (row[j] as number)),
        );
      result.set(order, start);
    }
    return result;
  },
  lower: { kind: "sort" },
};
