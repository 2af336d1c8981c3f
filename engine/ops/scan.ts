import { dim, replaceAxis, withAxis } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import { later } from "../ir/on-host.ts";
import type { GraphOps, Primitive } from "../ir/primitive.ts";
import { numeric } from "./elementwise.ts";

export interface ScanParams {
  readonly axis: number;
  readonly combine: "sum" | "prod" | "max" | "min";
  readonly reverse: boolean;
}

/** Running fold along an axis, from its start or, reversed, from its end; each result includes its own element. */
export const scan: Primitive<ScanParams> = {
  name: "scan",
  dtype: numeric,
  shape: ([x]) => [...x!.shape],
  vjp: ({ ct, ins: [x], out, params }, o) => [scanGradient(ct, x!, out, params, o)],
  reference: later("scan"),
  lower: { kind: "scan" },
};

function scanGradient(ct: GraphNode, x: GraphNode, out: GraphNode, p: ScanParams, o: GraphOps): GraphNode {
  if (p.combine === "sum") return o.scan(ct, p.axis, "sum", !p.reverse);
  const n = dim(x.shape, p.axis);
  if (p.combine === "prod") return prodGradient(ct, x, p, o);
  // Of equal elements the first that the scan met gets the gradient: the one that changed the running value.
  const identity = p.combine === "max" ? -Infinity : Infinity;
  const before = shiftedByOne(out, p.axis, identity, p.reverse, o);
  const changed = p.combine === "max" ? o.greater(out, before) : o.less(out, before);
  const first = o.iota(x.shape, p.axis);
  const fromStart = (at: GraphNode) => (p.reverse ? o.sub(o.full(x.shape, n - 1, "i32"), at) : at);
  const source = o.scan(o.where(changed, fromStart(first), 0), p.axis, "max", p.reverse);
  return o.scatter(o.zerosLike(x), fromStart(source), ct, p.axis, "add");
}

/** What a scan held before each element: its results one further on, or back for one from the end, after `first`. */
export function shiftedByOne(
  x: GraphNode,
  axis: number,
  first: number,
  reverse: boolean,
  o: GraphOps,
): GraphNode {
  const start = o.full(replaceAxis(x.shape, axis, 1), first, x.dtype);
  const rest = o.slice(x, axis, reverse ? 1 : 0, dim(x.shape, axis) - 1);
  return o.concat(reverse ? [rest, start] : [start, rest], axis);
}

/**
 * d/dx_j sum_i ct_i prod_{k<=i} x_k, without dividing by x: an [.., n, n] table of the products that skip j, which
 * is exact where elements are zero. Costs O(n^2) per row.
 */
function prodGradient(ct: GraphNode, x: GraphNode, p: ScanParams, o: GraphOps): GraphNode {
  const axis = p.axis;
  const n = dim(x.shape, axis);
  const wide = withAxis(x.shape, axis, n);
  const unsqueeze = (y: GraphNode) => o.broadcastTo(o.reshape(y, withAxis(y.shape, axis, 1)), wide);
  // Axis `axis` counts j, the axis after it k: x_k, but 1 where k = j; scanned over k, used where i is past j.
  const j = o.iota(wide, axis);
  const k = o.iota(wide, axis + 1);
  const skipped = o.where(o.equal(j, k), 1, unsqueeze(x));
  const products = o.scan(skipped, axis + 1, "prod", p.reverse);
  const reaches = p.reverse ? o.lessEqual(k, j) : o.lessEqual(j, k);
  const weighted = o.where(reaches, o.mul(unsqueeze(ct), products), 0);
  return o.reshape(o.sum(weighted, [axis + 1]), x.shape);
}
