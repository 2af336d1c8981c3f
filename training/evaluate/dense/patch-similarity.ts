import { normalize, type Tensor } from "../../../mod.ts";

/**
 * How much each patch of a picture resembles one of them, or those of another picture: cosine of their features.
 *
 * @param patches Features of the patches, `f32[N, D]`, without class token.
 * @param query One patch: its place among them, or its features `f32[D]` from anywhere.
 * @returns `f32[N]`, -1 to 1.
 *
 * @example The map that belongs to a click on a patch
 *   const tokens = patchTokens(vit, vit.forward(image)).slice(0);
 *   const map = await patchSimilarity(tokens, row * columns + column).data();
 *
 * Source: training/evaluate/dense/patch-similarity.ts.
 */
export function patchSimilarity(patches: Tensor, query: number | Tensor): Tensor {
  const unit = normalize(patches, { axis: -1, eps: 1e-12 });
  const one = typeof query === "number" ? unit.slice(query) : normalize(query, { axis: -1, eps: 1e-12 });
  return unit.mul(one).sum({ axis: -1 });
}
