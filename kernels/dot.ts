import { directKernel } from "./dot-direct.ts";
import type { DotSpec } from "./dot-spec.ts";
import { stagedKernel } from "./dot-staged.ts";
import type { KernelProgram } from "./program.ts";

/** What few adapters need: there after `loadQuads`. */
export const late = {} as typeof import("./quads.ts");

/** To be called before plans are made for a profile with quads. */
export const loadQuads = async (): Promise<void> => void Object.assign(late, await import("./quads.ts"));

export function dotKernel(spec: DotSpec): KernelProgram {
  const { tile } = spec;
  if (tile.variant === "direct") return directKernel(spec, tile);
  return tile.variant === "quad" ? late.quadKernel(spec, tile) : stagedKernel(spec, tile);
}
