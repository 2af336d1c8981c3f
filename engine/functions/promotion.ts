import { type DType, isFloat, promote } from "../core/dtype.ts";
import type { GraphNode } from "../ir/node.ts";
import { castTo } from "../ops/build.ts";

/** Integers and booleans as f32; floats as they are. */
export const toFloat = (x: GraphNode): GraphNode => (isFloat(x.dtype) ? x : castTo(x, "f32"));

/** Booleans as i32; numbers as they are. */
export const toNumber = (x: GraphNode): GraphNode => (x.dtype === "bool" ? castTo(x, "i32") : x);

export const toBool = (x: GraphNode): GraphNode => castTo(x, "bool");

/** Nodes of one dtype; their shapes stay. */
export function toCommonDType(xs: readonly GraphNode[]): GraphNode[] {
  if (xs.length === 0) return [];
  const dtype = xs.map((x): DType => x.dtype).reduce((a, b) => promote(a, b));
  return xs.map((x) => castTo(x, dtype));
}
