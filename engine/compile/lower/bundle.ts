import { bundleKernel } from "../../../kernels/bundle.ts";
import type { KernelBinding } from "../../../kernels/program.ts";
import type { Profile } from "../../core/profile.ts";
import type { Cluster, ClusterKind } from "../cluster.ts";
import type { Lowered, Operand } from "./lowered.ts";

/** As few launches for several kernels as the sizes of their workgroups allow. */
export function lowerBundle(
  clusters: readonly Cluster[],
  profile: Profile,
  lower: (c: Cluster, workgroupSize?: number) => Lowered,
): Lowered[] {
  const alone = clusters.map((c) => ({ kind: c.kind, kernel: lower(c), sized: (n: number) => lower(c, n) }));
  const widthOf = (x: { kernel: Lowered }) => x.kernel.program.workgroupSize;
  // Others take workgroups of any size.
  const isRigid = ({ kind }: { kind: ClusterKind }) =>
    kind === "dot" ? !profile.quads : kind !== "map" && kind !== "row";
  const sizes = new Set(alone.filter(isRigid).map(widthOf));
  const dots = alone.filter((x) => x.kind === "dot").map(widthOf);
  if (sizes.size === 0) sizes.add(dots.length > 0 ? Math.min(...dots) : Math.max(...alone.map(widthOf)));
  const [first] = sizes;
  return [...sizes].flatMap((size) => {
    const mine = alone.filter((x) => (isRigid(x) ? widthOf(x) : first) === size);
    return together(mine.map((x) => (widthOf(x) === size ? x.kernel : x.sized(size))));
  });
}

function together(kernels: readonly Lowered[]): readonly Lowered[] {
  const operands: Operand[] = [];
  const bindings: KernelBinding[] = [];
  const parts = kernels.map(({ program, operands: own }) => ({
    program,
    numbers: own.map((x, k) => {
      const known = operands.indexOf(x);
      if (known >= 0) return known;
      const binding = program.bindings[k] as KernelBinding;
      bindings.push({ ...binding, name: binding.name.replace(/\d+/, `${operands.length}`) });
      return operands.push(x) - 1;
    }),
  }));
  const program = kernels.length > 1 && bundleKernel(parts, bindings);
  return program ? [{ program, operands }] : kernels;
}
