import { groupAttention } from "./attention.ts";
import type { AttentionSpec } from "./attention-spec.ts";
import { dotKernel } from "./dot.ts";
import type { DotSpec } from "./dot-spec.ts";
import { late } from "./late.ts";
import { type MapSpec, mapKernel } from "./map.ts";
import type { KernelProgram } from "./program.ts";
import { rowKernel } from "./row.ts";
import type { RowSpec } from "./row-spec.ts";
import { type ScanSpec, scanKernel } from "./scan.ts";
import { type SortSpec, sortKernel } from "./sort.ts";

/** Plain data that says everything about a kernel: equal specs give equal programs. */
export type KernelSpec = MapSpec | RowSpec | DotSpec | ScanSpec | SortSpec | AttentionSpec;

/** Kernels by their spec. */
const written = new Map<string, KernelProgram>();
const KEPT = 256;

/** The kernel of a spec. The layers of a model need equal ones: each is written once. */
export function emitKernel(spec: KernelSpec): KernelProgram {
  const key = JSON.stringify(spec);
  const known = written.get(key);
  if (known) return known;
  const program = writeKernel(spec);
  if (written.size >= KEPT) written.clear();
  written.set(key, program);
  return program;
}

function writeKernel(spec: KernelSpec): KernelProgram {
  switch (spec.kind) {
    case "map":
      return spec.strips ? late.stripKernel(spec) : mapKernel(spec);
    case "row":
      return rowKernel(spec);
    case "dot":
      return dotKernel(spec);
    case "scan":
      return scanKernel(spec);
    case "sort":
      return sortKernel(spec);
    case "attention":
      return spec.tile.variant === "thread"
        ? late.threadAttention(spec, spec.tile)
        : groupAttention(spec, spec.tile);
  }
}
