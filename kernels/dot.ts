import { directKernel } from "./dot-direct.ts";
import type { DotSpec } from "./dot-spec.ts";
import { stagedKernel } from "./dot-staged.ts";
import { late } from "./late.ts";
import type { KernelProgram } from "./program.ts";

export function dotKernel(spec: DotSpec): KernelProgram {
  const { tile } = spec;
  if (tile.variant === "direct") return directKernel(spec, tile);
  return tile.variant === "quad" ? late.quadKernel(spec, tile) : stagedKernel(spec, tile);
}
