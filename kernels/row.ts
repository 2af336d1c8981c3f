import type { KernelProgram } from "./program.ts";
import { groupPerRow } from "./row-group.ts";
import type { RowSpec } from "./row-spec.ts";
import { threadPerRow } from "./row-thread.ts";

export function rowKernel(spec: RowSpec): KernelProgram {
  return spec.lanes === "rows" ? threadPerRow(spec) : groupPerRow(spec);
}
