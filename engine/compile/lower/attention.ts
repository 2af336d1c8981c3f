import type { AttentionSpec } from "../../../kernels/attention-spec.ts";
import type { KernelSpec } from "../../../kernels/kernel.ts";
import { constantIndex, type IndexExpr } from "../../../kernels/scalar/index-algebra.ts";
import type { LoopSpec, Store } from "../../../kernels/spec.ts";
import { dim, sizeOf } from "../../core/shape.ts";
import { type AttentionParams, type AttentionRole, attentionOperands } from "../../ir/attention.ts";
import type { GraphNode } from "../../ir/node.ts";
import { attentionTile } from "../tiles.ts";
import type { KernelBody } from "./kernel-body.ts";

type Parts = Omit<AttentionSpec, "kind" | keyof LoopSpec>;

/** Attention without the matrix of weights, and its gradients. */
export function attentionSpec(body: KernelBody): KernelSpec {
  const { sizes, flops, ...parts } = attentionParts(body);
  const cost = { flops, bytes: body.cost(0).bytes };
  const roles = body.c.heroes.map((x) => (x.params as AttentionParams).role);
  return {
    kind: "attention",
    ...body.spec(`attention_${roles.join("_")}_${sizes.join("x")}`, cost),
    ...parts,
  };
}

/** What an attention kernel computes, as loops over scalar programs. */
function attentionParts(body: KernelBody): Parts & { sizes: number[]; flops: number } {
  const { c, s, profile } = body;
  const [hero] = c.heroes as [GraphNode];
  const p = hero.params as AttentionParams;
  const { q, k, v, addends, visible, kept, g, rows } = attentionOperands(hero.inputs, p);
  const lead = q.shape.slice(0, -2);
  const [n = 0, d = 0] = q.shape.slice(-2);
  const [m = 0, e = 0] = v.shape.slice(-2);
  const { algebra } = c;
  // The gradient of a bias goes over the axes of the batch along which the bias is repeated: variable 4.
  const adds = p.role === "addend";
  const own = adds ? hero.shape.slice(0, -2) : lead;
  const repeated = lead.map((size, i) => (own[i] === size ? 1 : size));
  const over = algebra.unflatten(algebra.variable(4, sizeOf(repeated)), repeated);
  const batch = algebra
    .unflatten(algebra.variable(0, sizeOf(own)), own)
    .map((x, i) => algebra.add(x, over[i] as IndexExpr));
  const query = algebra.variable(1, n);
  const key = algebra.variable(2, m);
  const narrow = { variable: 3, size: d };
  const wide = { variable: 5, size: e };
  const along = ({ variable, size }: typeof wide) => algebra.variable(variable, size);
  const places = {
    output: [query, along(wide)],
    lse: [query, constantIndex(0)],
    queries: [query, along(narrow)],
    keys: [key, along(narrow)],
    values: [key, along(wide)],
    addend: [query, key],
  };
  const position = (x: GraphNode, row: IndexExpr, column: IndexExpr) =>
    [...batch, row, column].map((i, axis) => (dim(x.shape, axis) === 1 ? constantIndex(0) : i));
  const at = (x: GraphNode, row: IndexExpr, column: IndexExpr) => body.pull(x, position(x, row, column));
  const stores = new Map<AttentionRole, Store>();
  for (const x of c.heroes) {
    body.accumulators.set(x, s.accumulator(2, "f32"));
    const { role } = x.params as AttentionParams;
    const [row, column] = places[role] as [IndexExpr, IndexExpr];
    const frame = position(x, row, column);
    c.frames.set(x, frame);
    stores.set(role, body.store(x, frame));
  }
  const adder = stores.get("addend");
  const f32 = (text: string, ...args: number[]) => s.compute("f32", text, args);
  const scaled = (x: number, scale: number) => f32("($0 * $1)", x, s.constant("f32", scale));

  let score = scaled(s.accumulator(0, "f32"), p.scale);
  for (const x of addends) score = f32("max($0 + $1, -1e30f)", score, at(x, query, key));
  if (visible) score = s.select(at(visible, query, key), score, s.constant("f32", -1e30));
  const dropped = (x: number) =>
    kept ? s.select(at(kept, query, key), scaled(x, p.kept), s.constant("f32", 0)) : x;

  const keys = at(k, key, along(narrow));
  const queries = at(q, query, along(narrow));
  const values = at(v, key, along(wide));
  const products = [{ ...narrow, row: queries, column: keys }];
  const elements: number[] = [];
  const sums: Parts["sums"][number][] = [];
  const addUp = (role: AttentionRole, value: number, channels: typeof wide) => {
    const target = stores.get(role);
    if (target) sums.push({ ...channels, element: elements.length - 1, value, store: target });
  };
  const forward = !rows;
  if (forward) {
    elements.push(score);
    addUp("output", values, wide);
  } else {
    const gradients = at(g, query, along(wide));
    const weight = f32("exp_f($0 - $1)", score, at(rows, query, constantIndex(0)));
    const back = f32("($0 - $1)", dropped(s.accumulator(1, "f32")), at(rows, query, constantIndex(1)));
    const slope = f32("($0 * $1)", weight, back);
    products.push({ ...wide, row: gradients, column: values });
    if (stores.has("values")) elements.push(dropped(weight));
    addUp("values", gradients, wide);
    if (!stores.has("values") || stores.has("keys")) elements.push(adder ? slope : scaled(slope, p.scale));
    addUp("keys", queries, narrow);
    addUp("queries", keys, narrow);
  }
  const byKey = stores.has("keys") || stores.has("values");
  const size = { batch: sizeOf(own), rows: byKey ? m : n, columns: byKey ? n : m };
  const width = sums.reduce((sum, x) => sum + x.size, 0);
  const depth = products.reduce((sum, x) => sum + x.size, width);
  return {
    ...size,
    rowVariable: byKey ? 2 : 1,
    products: byKey ? products.map((x) => ({ ...x, row: x.column, column: x.row })) : products,
    elements,
    softmax: forward ? { weight: dropped(s.accumulator(1, "f32")), lse: stores.get("lse") ?? null } : null,
    sums,
    total: adder ? { count: sizeOf(repeated), store: adder } : null,
    tile: attentionTile(profile, { ...size, width, deepest: Math.max(d, e) }),
    sizes: [sizeOf(lead), n, m, d, e],
    flops: 2 * sizeOf(lead) * n * m * depth,
  };
}
