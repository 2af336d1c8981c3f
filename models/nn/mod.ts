export { Apply, GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Tanh } from "./activation.ts";
export { type AttendOptions, MultiheadAttention, type MultiheadAttentionOptions } from "./attention.ts";
export {
  Conv1d,
  Conv2d,
  Conv3d,
  type ConvOptions,
  ConvTranspose2d,
  type ConvTransposeOptions,
} from "./conv.ts";
export { Dropout, DropPath } from "./dropout.ts";
export { Embedding } from "./embedding.ts";
export {
  fans,
  type KaimingOptions,
  kaimingNormal,
  kaimingUniform,
  type Nonlinearity,
  scaledNormal,
  symmetricUniform,
  type TruncNormalOptions,
  torchDefault,
  truncNormal,
  xavierNormal,
  xavierUniform,
} from "./init.ts";
export { keyStream } from "./keys.ts";
export { Linear, type LinearOptions, WeightNormLinear } from "./linear.ts";
export { evalMode, type Mode, TrainMode, type TrainModeOptions, trainMode } from "./mode.ts";
export { isTrainable, type Module } from "./module.ts";
export {
  BatchNorm,
  type BatchNormOptions,
  GroupNorm,
  type GroupNormOptions,
  LayerNorm,
  type LayerNormOptions,
  RMSNorm,
  type RMSNormOptions,
} from "./norm.ts";
export { Identity, Sequential } from "./sequential.ts";
export { mapPaths } from "./tree-paths.ts";
export {
  type Loaded,
  type LoadReport,
  loadWeights,
  type Misshapen,
  saveWeights,
  WeightsError,
} from "./weights.ts";
