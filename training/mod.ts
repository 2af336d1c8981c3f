export { clipByGlobalNorm, clipByNorm, clipByValue, globalNorm } from "./clip.ts";
export { type EmaOptions, ema } from "./ema.ts";
export { type AdamOptions, adam, adamW } from "./optim/adam.ts";
export { type LarsOptions, lars } from "./optim/lars.ts";
export type {
  LeafOptions,
  Optimiser,
  OptimiserOptions,
  OptimiserState,
  StepOptions,
  Value,
} from "./optim/optimiser.ts";
export { type SgdOptions, sgd } from "./optim/sgd.ts";
export {
  type CosineOptions,
  constant,
  cosine,
  dinoCosine,
  inclusiveRamp,
  linear,
  type Schedule,
  type StepDecayOptions,
  scatSimClrPublished,
  stepDecay,
} from "./schedule.ts";
export { onDevice } from "./schedule-table.ts";
