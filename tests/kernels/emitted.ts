// Every kernel text that the op table leads to: each sample and its gradient, for all families, fused and not, and
// again with operands in half precision.
import { backward } from "../../engine/autodiff/backward.ts";
import { buildPlan, passTools } from "../../engine/compile/build-plan.ts";
import { describeProgram } from "../../engine/compile/program.ts";
import { withDebug } from "../../engine/core/debug.ts";
import { isFloat } from "../../engine/core/dtype.ts";
import { DTypeError } from "../../engine/core/errors.ts";
import { baseProfile, type Profile, softwareProfile } from "../../engine/core/profile.ts";
import type { GraphNode } from "../../engine/ir/node.ts";
import { ops } from "../../engine/ops/build.ts";
import type { KernelProgram } from "../../kernels/program.ts";
import { apply } from "../ops/derive.ts";
import { primitives } from "../ops/primitives.ts";
import { type Sample, table } from "../ops/table.ts";
import { quadProfile } from "../support/quad-profile.ts";

await withDebug({ verify: true }, passTools);

export interface Emitted {
  /** The primitive whose sample led to it. */
  readonly from: string;
  readonly program: KernelProgram;
  /** Whether no other family has it. */
  readonly quads: boolean;
}

const profiles: readonly Profile[] = [baseProfile, softwareProfile, quadProfile].map((p) => ({
  ...p,
  f16: true,
}));

/** The kernels of a graph, in all families or those that are named. */
export function kernelsOf(outputs: readonly GraphNode[], fuse = true, families = profiles): KernelProgram[] {
  const { inputs } = describeProgram(outputs);
  return families.flatMap((profile) =>
    withDebug({ fuse, verify: true }, () => buildPlan({ inputs, outputs }, profile, ops)).steps.map(
      (s) => s.program,
    ),
  );
}

const inHalf = (sample: Sample): Sample => ({
  ...sample,
  ins: sample.ins.map((x) => (x.dtype === "f32" ? { ...x, dtype: "f16" as const } : x)),
});

/** The graphs of one sample: itself, and where it has one, its gradient. */
function graphsOf(name: string, sample: Sample): GraphNode[][] {
  const { out, ins } = apply(name, sample, 1);
  const wrt = ins.filter((x) => isFloat(x.dtype));
  const differentiable = typeof primitives[name]?.vjp === "function" && isFloat(out.dtype);
  if (wrt.length === 0 || !differentiable) return [[out]];
  const ct = ops.full(out.shape, 1.5, out.dtype);
  const gradients = backward([{ node: out, ct }], wrt, ops).filter((g) => g !== null);
  return gradients.length > 0 ? [[out], gradients] : [[out]];
}

let collected: readonly Emitted[] | null = null;

/** All texts, each once. */
export function emittedKernels(): readonly Emitted[] {
  if (collected) return collected;
  const byText = new Map<string, Emitted>();
  const add = (from: string, sample: Sample, ways = [true, false]): void => {
    for (const graph of graphsOf(from, sample))
      for (const fuse of ways)
        for (const profile of profiles)
          for (const program of kernelsOf(graph, fuse, [profile])) {
            const quads = profile.quads && (byText.get(program.wgsl)?.quads ?? true);
            byText.set(program.wgsl, { from, program, quads });
          }
  };
  for (const [name, { samples }] of Object.entries(table)) {
    for (const sample of samples) {
      add(name, sample);
      if (!sample.ins.some((x) => x.dtype === "f32")) continue;
      try {
        add(name, inHalf(sample), [true]);
      } catch (error) {
        // Operands of other dtypes beside it, or bits: not in half precision.
        if (!(error instanceof DTypeError)) throw error;
      }
    }
  }
  collected = [...byText.values()];
  return collected;
}
