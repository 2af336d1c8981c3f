export { SwinBlock, type SwinBlockOptions, WindowAttention } from "./block.ts";
export { PatchMerging } from "./merging.ts";
export { type SwinName, swins } from "./presets.ts";
export { relativeBias, relativePositionIndex, resizeBiasTable } from "./relative-bias.ts";
export { type SwinStage, SwinTransformer, type SwinTransformerOptions } from "./swin.ts";
export { partition, received, shiftMask, unpartition, type Windowing } from "./windows.ts";
