import { add, greater, mul, sqrt, type Tensor, where } from "../../mod.ts";

/**
 * The absolute value of a complex tensor, with gradient 0 where the value is 0: the direction is undefined there, and
 * an image without any contrast must not poison a batch with NaN.
 */
export function modulus(re: Tensor, im: Tensor): Tensor {
  const energy = add(mul(re, re), mul(im, im));
  const some = greater(energy, 0);
  return where(some, sqrt(where(some, energy, 1)), 0);
}
