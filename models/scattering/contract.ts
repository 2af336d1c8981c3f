import { type Tensor, tensordot } from "../../mod.ts";

/** Sums products over axes of `x` and of `matrix`, in pairs. The other axes of `x` come first in the result. */
export function contract(
  x: Tensor,
  matrix: Tensor,
  axesOfX: readonly number[],
  axesOfMatrix: readonly number[],
): Tensor {
  return tensordot(x, matrix, { axes: [axesOfX, axesOfMatrix] });
}
