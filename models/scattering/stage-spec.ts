import type { Geometry } from "./geometry.ts";
import { afterPadding, type ComplexMatrix, type Matrix } from "./matrices.ts";

export interface StageSpec {
  readonly geometry: Geometry;
  /** Scale of the wavelets; the result has `2^-scale` of the padded resolution. */
  readonly scale: number;
  /** The maps have `2^-level` of the padded resolution; "input" for images as they come in. */
  readonly level: number | "input";
}

export const levelOf = ({ level }: StageSpec): number => (level === "input" ? 0 : level);

/** A transform of one axis of the stage's maps, with the padding in it where they are images. */
export function onMaps(
  { geometry, level }: StageSpec,
  axis: 0 | 1,
  { re, im }: ComplexMatrix,
): ComplexMatrix {
  const { sources, input } = geometry;
  if (level !== "input" || sources === null) return { re, im };
  const finish = (m: Matrix) => afterPadding(m, sources[axis], input[axis]);
  return { re: finish(re), im: finish(im) };
}
