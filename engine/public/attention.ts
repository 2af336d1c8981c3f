import {
  type AttentionOptions as NodeOptions,
  scaledDotProductAttention as onNodes,
} from "../functions/attention.ts";
import { type Lifted, lift } from "../lift.ts";
import type { Tensor } from "../tensor.ts";

export type AttentionOptions = Lifted<NodeOptions>;

interface Attention {
  (
    q: Tensor,
    k: Tensor,
    v: Tensor,
    options: AttentionOptions & { weights: true },
  ): { output: Tensor; weights: Tensor };
  (q: Tensor, k: Tensor, v: Tensor, options?: AttentionOptions & { weights?: false }): Tensor;
}

/**
 * `softmax(q k^T * scale + bias) v`: each query takes the values of the keys that it resembles.
 *
 * @param q Queries, `[.., N, D]`.
 * @param k Keys, `[.., M, D]`.
 * @param v Values, `[.., M, E]`. Leading axes broadcast.
 * @param options.mask bool `[.., N, M]`, true where a query may see a key; or floats that are added to the scores, where
 *   -Infinity hides. A query that sees nothing gives 0.
 * @param options.bias Added to the scores, `[.., N, M]`.
 * @param options.causal Query i sees keys 0 to i. Default false.
 * @param options.scale Default `1 / sqrt(D)`.
 * @param options.dropout `{ p, key }` of the weights; see `dropout`.
 * @param options.weights Whether to return `{ output, weights }`; the weights are those before dropout.
 * @returns `[.., N, E]`.
 * @throws {ShapeError} If the shapes do not fit.
 *
 * Memory: scores and weights, `[.., N, M]`, are never stored, forwards or backwards, unless `weights` are used; one
 * kernel forwards, two more and one for each bias backwards. Where D + E is above 960, three kernels store them.
 * Gradient: reaches q, k, v, bias and a float mask.
 *
 * @example
 *   const { output, weights } = scaledDotProductAttention(q, k, v, { causal: true, weights: true });
 *
 * Source: engine/functions/attention.ts. Paper: Vaswani et al. 2017, eq. 1.
 */
export const scaledDotProductAttention = lift(onNodes) as Attention;
