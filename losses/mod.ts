export * from "../engine/public/loss.ts";
export { type NtXentOptions, ntXent } from "./contrastive/nt-xent.ts";
export {
  type SelfPatchLoss,
  type SelfPatchLossOptions,
  type SelfPatchScores,
  selfPatchLoss,
} from "./patch/self-patch.ts";
export {
  type EsVitLoss,
  type EsVitLossOptions,
  type EsVitScores,
  esVitLoss,
  matchRegions,
  type RegionMatches,
} from "./region/esvit.ts";
export {
  type CompareOptions,
  type Comparison,
  compareScores,
  type Factors,
  type Scores,
} from "./self-distillation/scores.ts";
export { type DinoLoss, type DinoLossOptions, dinoLoss } from "./view/dino.ts";
