import * as functions from "../functions/dropout.ts";
import { type Lifted, lift } from "../lift.ts";

export type DropoutOptions = Lifted<functions.DropoutOptions>;

/**
 * Sets elements to 0 with probability `p` and multiplies the others by `1 / (1 - p)`.
 *
 * @param options.p 0 to 1. Default 0.5.
 * @param options.key Random key, `u32[2]`. One key gives one mask, the same on every device.
 * @param options.training Without it `x` comes back as it is. Default true.
 * @throws {AxisError} If `p` is no share.
 *
 * Memory: the mask is computed again for the backward pass, not kept.
 *
 * @example
 *   dropout(x, { p: 0.1, key });
 *
 * Source: engine/functions/dropout.ts. Paper: Srivastava et al. 2014.
 */
export const dropout = lift(functions.dropout);

/** Drops whole channels of `[B, C, L]`; see `dropout`. */
export const dropout1d = lift(functions.dropout1d);

/** Drops whole channels of `[B, C, H, W]`; see `dropout`. */
export const dropout2d = lift(functions.dropout2d);

/** Drops whole channels of `[B, C, D, H, W]`; see `dropout`. */
export const dropout3d = lift(functions.dropout3d);

/** Dropout for `selu`: keeps mean 0 and variance 1. Options as in `dropout`. Paper: Klambauer et al. 2017. */
export const alphaDropout = lift(functions.alphaDropout);
