export { clipByGlobalNorm, clipByNorm, clipByValue, globalNorm } from "./clip.ts";
export { type EmaOptions, ema } from "./ema.ts";
export {
  describeEncoder,
  type Encoder,
  type EncoderDescription,
  emptyModel,
  encode,
  encoderFrom,
  encoderOfState,
  readEncoder,
  writeEncoder,
} from "./encoder-file.ts";
export type { ImageForm } from "./encoders/kind.ts";
export type { EncoderForm } from "./encoders/kinds.ts";
export { confusion } from "./evaluate/confusion.ts";
export { type CrossViewOptions, crossViewRetrieval, viewPair } from "./evaluate/cross-view.ts";
export { attentionMask, enlarged } from "./evaluate/dense/attention-mask.ts";
export { type Correspondence, correspondence } from "./evaluate/dense/correspondence.ts";
export {
  type Frame,
  type LabelMap,
  labelsOfPixels,
  type PropagationOptions,
  propagateLabels,
} from "./evaluate/dense/label-propagation.ts";
export {
  gridOf,
  lookAt,
  type MapKind,
  mapKind,
  type PatchEncoder,
  patchEncoder,
  type SummedPatches,
} from "./evaluate/dense/look.ts";
export { type Looks, likenessMap, looksOf, mapOf, meanMap } from "./evaluate/dense/looks.ts";
export { patchSimilarity } from "./evaluate/dense/patch-similarity.ts";
export { contourAccuracy, type Mask, regionSimilarity } from "./evaluate/dense/video-measure.ts";
export { type Embeddings, embed, rowsOf, similarities, unitRows } from "./evaluate/embeddings.ts";
export { type FewLabelOptions, type FewLabelPoint, fewLabelCurve } from "./evaluate/few-labels.ts";
export { type KnnOptions, knn, knnAccuracy } from "./evaluate/knn.ts";
export type { Classified, Labelled } from "./evaluate/labelled.ts";
export { type LbfgsOptions, lbfgs, type Objective } from "./evaluate/lbfgs.ts";
export { type LinearProbeOptions, linearProbe, linearProbeAccuracy } from "./evaluate/linear-probe.ts";
export { type NearestOptions, type Neighbours, nearest } from "./evaluate/nearest.ts";
export {
  type PublishedLinearOptions,
  type PublishedLinearResult,
  publishedLinearEvaluation,
} from "./evaluate/published-linear.ts";
export { retrieval } from "./evaluate/retrieval.ts";
export {
  averagePrecision,
  meanAveragePrecision,
  type Relevance,
  ranking,
} from "./evaluate/search/average-precision.ts";
export { whitening } from "./evaluate/search/whitening.ts";
export { type SgdProbeOptions, sgdProbe } from "./evaluate/sgd-probe.ts";
export { type SimilarityRows, similarityRows } from "./evaluate/similarity.ts";
export { autoRecipe, type Circumstances } from "./job/auto.ts";
export { changedRecipe, checkRecipe, RecipeError } from "./job/change-recipe.ts";
export type { Measured, MeasureOptions, Score } from "./job/measure.ts";
export { descriptionOf, encoderIn } from "./job/method-of.ts";
export { prepared } from "./job/prepare.ts";
export { type PresetName, presets } from "./job/presets.ts";
export type { Ranks } from "./job/ranks.ts";
export type { MethodName, Recipe } from "./job/recipe.ts";
export { type JobResult, reportOf } from "./job/report-of.ts";
export { type JobEvent, type JobOptions, measureEncoders, runJob } from "./job/run-job.ts";
export type { WayName } from "./job/ways.ts";
export { scoreTable, verdict } from "./job/words.ts";
export { type NeighbourMapOptions, neighbourMap } from "./map/neighbour-map.ts";
export { type PrincipalComponents, principalComponents } from "./map/pca.ts";
export type {
  Method,
  Rows,
  RunLength,
  StepMetrics,
  StepParts,
  StepResult,
  StepValues,
} from "./method.ts";
export {
  type ContrastiveMethod,
  type ContrastiveModel,
  type ContrastiveOptions,
  type ContrastiveState,
  contrastive,
} from "./methods/contrastive.ts";
export { type DinoOptions, dino } from "./methods/dino.ts";
export { type EsVitOptions, esVit } from "./methods/esvit.ts";
export { type FitMemoryOptions, type Fitted, fitMemory } from "./methods/fit-memory.ts";
export {
  type ScatSimClrMethod,
  type ScatSimClrMethodOptions,
  type ScatSimClrState,
  scatSimClr,
} from "./methods/scatsimclr.ts";
export type {
  SelfDistillationMethod,
  SelfDistillationOptions,
  SelfDistillationState,
} from "./methods/self-distillation.ts";
export { type SelfPatchOptions, selfPatch } from "./methods/selfpatch.ts";
export { type SimClrMethod, type SimClrMethodOptions, type SimClrState, simClr } from "./methods/simclr.ts";
export { type SmallImageOptions, smallImages } from "./methods/small-images.ts";
export { signsOfCollapse } from "./monitors/collapse.ts";
export type { Monitors } from "./monitors/monitors.ts";
export { alignment, contrastiveTop1, uniformity } from "./monitors/pairs.ts";
export { deadDimensions, effectiveRank } from "./monitors/spectrum.ts";
export { spread } from "./monitors/spread.ts";
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
export { type Box, jigsawBoxes, jigsawLabels, jigsawTiles, shuffleTiles } from "./pretext/jigsaw.ts";
export { greedyPermutations, type Permutations, scatSimClrPermutations } from "./pretext/permutations.ts";
export { rotationLabels, rotations } from "./pretext/rotation.ts";
export {
  type JigsawOptions,
  type PretextBatch,
  type PretextOptions,
  type PretextTask,
  pretextTask,
  type RotationOptions,
} from "./pretext/task.ts";
export { pretrain, startOf } from "./pretrain.ts";
export { attentionPicture } from "./report/attention-picture.ts";
export type { ReportData } from "./report/data.ts";
export { reportPage } from "./report/page.ts";
export { encodePng, type Picture } from "./report/png.ts";
export { browserStore } from "./run/browser-store.ts";
export { CheckpointError } from "./run/checkpoints.ts";
export { DivergedError } from "./run/diverged.ts";
export type {
  CheckpointEvent,
  EndEvent,
  EpochEvent,
  MonitorsEvent,
  RecoveredEvent,
  StartEvent,
  StepEvent,
  TrainingEvent,
  WarningEvent,
} from "./run/events.ts";
export { folderStore } from "./run/folder-store.ts";
export { METRICS, readMetrics } from "./run/metrics-file.ts";
export type { Json, PretrainOptions } from "./run/options.ts";
export { ResumeError } from "./run/same-run.ts";
export { memoryStore, RunInUseError, type RunStore } from "./run/store.ts";
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
