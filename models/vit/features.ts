import { concat, stack, type Tensor } from "../../mod.ts";
import type { VisionTransformer } from "./vit.ts";

// What evaluations take from a frozen transformer with a class token; images `f32[B, C, H, W]`.

/** The class token behind the final norm, `f32[B, width]`: what nearest neighbours and retrieval use. */
export const classToken = (model: VisionTransformer, images: Tensor): Tensor => model.firstToken(images);

/** Class tokens of the last `n` blocks side by side, `f32[B, n * width]`: the linear probe of ViT-S. */
export const lastClassTokens = (model: VisionTransformer, images: Tensor, n = 4): Tensor =>
  concat(
    model.intermediate(images, n).map((x) => at(x, 0)),
    { axis: -1 },
  );

/**
 * The class token and the mean of the patches, element by element in turn, `f32[B, 2 * width]`: the linear probe of
 * ViT-B.
 */
export function classAndMean(model: VisionTransformer, images: Tensor): Tensor {
  const tokens = model.forward(images);
  return stack([at(tokens, 0), patchTokens(model, tokens).mean({ axis: 1 })], { axis: -1 }).flatten(1);
}

/** The class token beside the generalised mean (p = 4) of the patches, `f32[B, 2 * width]`: copy detection. */
export function classAndGem(model: VisionTransformer, images: Tensor): Tensor {
  const tokens = model.forward(images);
  const square = patchTokens(model, tokens).clip({ min: 1e-6 }).square();
  const gem = square.mul(square).mean({ axis: 1 }).sqrt().sqrt();
  return concat([at(tokens, 0), gem], { axis: -1 });
}

/** Tokens without those that stand before the patches: `f32[B, h * w, width]`. */
export const patchTokens = (model: VisionTransformer, tokens: Tensor): Tensor =>
  tokens.slice(null, [model.extraTokens]);

const at = (tokens: Tensor, place: number): Tensor => tokens.slice(null, place);
