import { sub, type Tensor, treeLeaves } from "../mod.ts";
import { isTrainable } from "../models/nn/module.ts";
import { mapPaths } from "../models/nn/tree-paths.ts";

export interface EmaOptions {
  /**
   * What becomes of running statistics: "keep" leaves the teacher's own, "copy" takes the student's. Default "keep".
   */
  buffers?: "keep" | "copy";
}

/**
 * The exponential moving average `momentum * teacher + (1 - momentum) * student`, parameter by parameter.
 *
 * @param teacher The tree that is moved; what the student has besides is ignored.
 * @param student Has a tensor at every path of the teacher.
 * @param momentum A number, or a tensor of rank 0 for a schedule. 1 keeps the teacher.
 *
 * Source: training/ema.ts. Paper: Tarvainen and Valpola 2017 (mean teacher).
 */
export function ema<T>(
  teacher: T,
  student: unknown,
  momentum: number | Tensor,
  { buffers = "keep" }: EmaOptions = {},
): T {
  const current = new Map(treeLeaves(student).map(({ path, value }) => [path, value]));
  const rest = typeof momentum === "number" ? 1 - momentum : sub(1, momentum);
  return mapPaths(teacher, (old, path) => {
    const isParameter = isTrainable(path) && (old.dtype === "f32" || old.dtype === "f16");
    if (!isParameter && buffers === "keep") return old;
    const now = current.get(path);
    if (!now) throw new TypeError(`ema: the student has no tensor at "${path}"`);
    return isParameter ? old.mul(momentum).add(now.mul(rest)).cast(old.dtype) : now;
  });
}
