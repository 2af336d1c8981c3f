export { SelfAttention, type SelfAttentionOptions } from "./attention.ts";
export { Block, type BlockOptions } from "./block.ts";
export { classAndGem, classAndMean, classToken, lastClassTokens, patchTokens } from "./features.ts";
export { type PositionRule, resamplePositions } from "./positions.ts";
export { type VitName, vits } from "./presets.ts";
export { type RunOptions, VisionTransformer, type VisionTransformerOptions } from "./vit.ts";
