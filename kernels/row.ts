import type { KernelProgram } from "./program.ts";
import { groupPerRow } from "./row-group.ts";
import type { RowSpec } from "./row-spec.ts";
import { threadPerRow } from "./row-thread.ts";

export function rowKernel(spec: RowSpec): KernelProgram {
  return spec.columns > 0 ? groupPerRow(spec) : threadPerRow(spec);
}
