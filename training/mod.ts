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
