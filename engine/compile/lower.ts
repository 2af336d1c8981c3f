import { emitKernel, type KernelSpec } from "../../kernels/kernel.ts";
import type { Profile } from "../core/profile.ts";
import type { Cluster, ClusterKind } from "./cluster.ts";
import type { FusedProgram } from "./fused-program.ts";
import { attentionSpec } from "./lower/attention.ts";
import { lowerBundle } from "./lower/bundle.ts";
import { dotSpec } from "./lower/dot.ts";
import { KernelBody } from "./lower/kernel-body.ts";
import type { InPlace, Lowered } from "./lower/lowered.ts";
import { mapSpec } from "./lower/map.ts";
import { rowSpec } from "./lower/row.ts";
import { scanSpec } from "./lower/scan.ts";
import { lowerSort } from "./lower/sort.ts";

const specs: Record<Exclude<ClusterKind, "sort">, (body: KernelBody) => KernelSpec> = {
  map: mapSpec,
  row: rowSpec,
  dot: dotSpec,
  scan: scanSpec,
  attention: attentionSpec,
};

/** Writes a cluster as kernels: one, or a few for sorting. */
export function lowerCluster(fused: FusedProgram, c: Cluster, profile: Profile, inPlace: InPlace): Lowered[] {
  const lowerOne = (part: Cluster, kind: keyof typeof specs, workgroupSize?: number): Lowered => {
    const body = new KernelBody(fused, part, profile, inPlace);
    return { program: emitKernel(sized(specs[kind](body), workgroupSize)), operands: body.operands };
  };
  if (c.bundled)
    return lowerBundle(c.bundled, profile, (part, size) =>
      lowerOne(part, part.kind as keyof typeof specs, size),
    );
  return c.kind === "sort" ? lowerSort(c) : [lowerOne(c, c.kind)];
}

/** With workgroups of another size than the best one, for kernels that can do with any. */
function sized(spec: KernelSpec, workgroupSize: number | undefined): KernelSpec {
  if (!workgroupSize) return spec;
  if (spec.kind === "map" || spec.kind === "row") return { ...spec, workgroupSize };
  if (spec.kind === "dot" && spec.tile.variant === "quad")
    return { ...spec, tile: { ...spec.tile, quads: workgroupSize / 4 } };
  return spec;
}
