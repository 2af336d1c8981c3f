import type { DType, HostData } from "./core/dtype.ts";
import { type Shape, sizeOf } from "./core/shape.ts";

/** Entries shown at either end of an axis that is longer than twice as many. */
const EDGE = 3;

/** A tensor as text: short, and with its values when they are at hand. */
export function formatTensor(dtype: DType, shape: Shape, data: HostData | "disposed" | null): string {
  const head = `Tensor ${dtype}[${shape.join(",")}]`;
  if (data === "disposed") return `${head} (disposed)`;
  if (data === null) return head;
  const show = (x: number): string => {
    if (dtype === "bool") return x ? "true" : "false";
    if (Number.isInteger(x) || !Number.isFinite(x)) return String(x);
    return Math.abs(x) >= 1e5 || Math.abs(x) < 1e-4 ? x.toExponential(3) : String(Number(x.toPrecision(5)));
  };
  const build = (axis: number, at: number, step: number): string => {
    if (axis === shape.length) return show(data[at] as number);
    const n = shape[axis] as number;
    const inner = n === 0 ? 0 : step / n;
    const parts: string[] = [];
    for (let i = 0; i < n; i++) {
      if (n > 2 * EDGE && i === EDGE) {
        parts.push("...");
        i = n - EDGE;
      }
      parts.push(build(axis + 1, at + i * inner, inner));
    }
    const last = axis === shape.length - 1;
    return last ? `[${parts.join(", ")}]` : `[${parts.join(`,\n${" ".repeat(axis + 1)}`)}]`;
  };
  const size = sizeOf(shape);
  return `${head}${shape.length > 1 ? "\n" : " "}${build(0, 0, size)}`;
}
