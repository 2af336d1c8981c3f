// Measuring which tiles are fastest on an adapter, apart from the engine: few need it, and once.
export { isTuning, keepTuning, keptTuning } from "./engine/tuning/keep.ts";
export { type DotShape, type TuneOptions, tune } from "./engine/tuning/tune.ts";
