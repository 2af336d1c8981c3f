import { DeviceLimitError } from "../core/errors.ts";
import type { Profile } from "../core/profile.ts";
import { GraphNode } from "../ir/node.ts";
import type { GraphOps } from "../ir/primitive.ts";
import type { Program } from "./program.ts";
import { rebuild } from "./rebuild.ts";
import { activationsKept } from "./recompute.ts";

/** The largest number in half precision. Beyond it would be infinity, and 0 times that is none. */
const LARGEST = 65504;

/**
 * Pass: what the backward pass keeps of the forward pass is stored in half precision, and read as such by all but the
 * kernel that makes it. All that is computed, and so every gradient, stays in f32.
 *
 * Source: Micikevicius et al. 2018, "Mixed precision training", section 3; no gradient is stored in half precision, so
 * no loss needs scaling.
 *
 * @throws {DeviceLimitError} If the adapter has no half precision.
 */
export function halveKept(program: Program, o: GraphOps, { f16 }: Profile): Program {
  if (!f16) throw new DeviceLimitError('activations "f16"', "shader-f16", 1, 0, '"f32"');
  const kept = activationsKept(program);
  return rebuild(program, (x, node) => {
    if (!kept.has(node)) return x;
    // Attention gives means of values that are in range, and its kernels have nothing behind them.
    const y = x.primitive.lower.kind === "attention" ? x : o.maximum(o.minimum(x, LARGEST), -LARGEST);
    return new GraphNode(y.primitive, y.inputs, y.params, { dtype: "f16", shape: x.shape }, x.op);
  });
}
