import { type MultiCropOptions, multiCrop } from "../../data/augment/multi-crop.ts";
import { dinoRecipe } from "../../data/augment/recipe.ts";
import { type ChannelStatistics, normaliseChannels } from "../../data/images.ts";
import { foldIn, splitKey, type Tensor, treeLeaves, treeMap, valueAndGrad } from "../../mod.ts";
import { type Mode, trainMode } from "../../models/nn/mode.ts";
import type { RunOptions } from "../../models/vit/vit.ts";
import { clipByNorm, globalNorm } from "../clip.ts";
import { ema } from "../ema.ts";
import { type StartingWeights, startedAs } from "../encoders/starting-weights.ts";
import type { Method, RunLength, StepMetrics, StepResult, StepValues } from "../method.ts";
import { adamW } from "../optim/adam.ts";
import type { LeafOptions, OptimiserState } from "../optim/optimiser.ts";
import { dinoCosine, inclusiveRamp, type Schedule } from "../schedule.ts";

/** What DINO, SelfPatch and EsViT have in common. Defaults are those of the reference code. */
export interface SelfDistillationOptions {
  /** Of the images; the model sees channels of zero mean and unit deviation. */
  readonly statistics: ChannelStatistics;
  /** Views and their sizes. Default: two large and eight small crops, the large ones of the size of the images. */
  readonly views?: MultiCropOptions;
  /** Learning rate for 256 images a step; it grows with the batch. Default 5e-4. */
  readonly rate?: number;
  /** What the learning rate falls to. Default 1e-6. */
  readonly finalRate?: number;
  /** Epochs in which the learning rate rises from 0, at most half of the run. Default 10. */
  readonly warmupEpochs?: number;
  /** Weight decay at the start and what it tends to. Default [0.04, 0.4]. */
  readonly weightDecay?: readonly [number, number];
  /** What the teacher keeps of itself in a step, at the start and what it tends to. Default [0.996, 1]. */
  readonly momentum?: readonly [number, number];
  /** Temperature of the teacher's softmax, from one value to another within some epochs. Default: 0.04 at all times. */
  readonly teacherTemperature?: { readonly from: number; readonly to: number; readonly epochs: number };
  /** Longest gradient of a single tensor; null for no limit. Default 3. */
  readonly clip?: number | null;
  /** Epochs in which the prototypes stay as they are. Default 1. */
  readonly freezeEpochs?: number;
  /** Whether prototypes keep length 1. Default true. */
  readonly unitPrototypes?: boolean;
  /** How the networks start; "even" for narrow ones. Default "published". */
  readonly start?: StartingWeights;
  /** So many blocks of the student are computed again in the backward pass, to save memory. Default 0. */
  readonly recompute?: number;
}

/** A network whose scores are distilled. */
export interface DistilledNetwork {
  /** What is kept after training, `f32[B, D]`. */
  represent(images: Tensor): Tensor;
}

export interface SelfDistillationState<N> {
  readonly student: N;
  /** The moving average of the student, and what is kept after training. */
  readonly teacher: N;
  /** Running means of the teacher's scores, by name. */
  readonly centers: Readonly<Record<string, Tensor>>;
  readonly optimiser: OptimiserState;
  /** Randomness of the steps to come. */
  readonly key: Tensor;
}

/** What a method of this kind says about its loss. */
export interface Distillation<N> {
  readonly name: string;
  network(key: Tensor): N;
  /** The centres at the start, zeros. */
  centers(network: N): Readonly<Record<string, Tensor>>;
  /** The loss on crops: batches of one size each, crop by crop, the two large ones of each image first. */
  loss(pass: Pass<N>): DistillationLoss;
  /** Unit vectors that the prototypes are compared with, `f32[B, d]`. */
  project(network: N, images: Tensor): Tensor;
}

export interface Pass<N> {
  readonly student: N;
  readonly teacher: N;
  readonly crops: readonly Tensor[];
  /** Crops of each image. */
  readonly count: number;
  readonly centers: Readonly<Record<string, Tensor>>;
  readonly teacherTemperature: Tensor;
  /** Of the student; the teacher runs in evaluation mode. */
  readonly mode: Mode;
  readonly run: RunOptions;
}

export interface DistillationLoss {
  readonly loss: Tensor;
  readonly centers: Readonly<Record<string, Tensor>>;
  readonly metrics?: StepMetrics;
}

export interface SelfDistillationMethod<N> extends Method<SelfDistillationState<N>> {
  /**
   * The part of a step behind the views.
   *
   * @param crops As in `Distillation.loss`, with normalised channels.
   */
  learn(
    state: SelfDistillationState<N>,
    crops: readonly Tensor[],
    at: StepValues,
    phase: string,
  ): StepResult<SelfDistillationState<N>>;
}

const FROZEN = "prototypes frozen";

/** Groups of tensors that the optimiser may leave as they are. */
const PROTOTYPES = "prototypes";
const LENGTHS = "lengths of prototypes";

/**
 * A method in which a student learns to say of every crop of an image what a teacher says of its large crops, and the
 * teacher is the moving average of the student.
 *
 * In a step, in this order: views, teacher, student, loss and new centres, gradients, each clipped by its own length, AdamW
 * (without decay of biases and of what has one axis), the teacher's average.
 *
 * Source: training/methods/self-distillation.ts. Paper: Caron et al. 2021; where code and paper differ, the code.
 */
export function selfDistillation<N extends DistilledNetwork>(
  distillation: Distillation<N>,
  options: SelfDistillationOptions,
): SelfDistillationMethod<N> {
  const { statistics, clip = 3, freezeEpochs = 1, unitPrototypes = true, recompute = 0 } = options;
  const views: MultiCropOptions = { recipe: dinoRecipe(), ...options.views };
  const optimiser = adamW({ groups: (path, leaf) => groupOf(path, leaf, unitPrototypes) });

  function start(key: Tensor): SelfDistillationState<N> {
    const student = startedAs(options.start ?? "published", distillation.network(foldIn(key, 0)));
    return {
      student,
      teacher: treeMap((x) => x, student),
      centers: distillation.centers(student),
      optimiser: optimiser.init(student),
      key: foldIn(key, 1),
    };
  }

  function step(state: SelfDistillationState<N>, images: Tensor, at: StepValues, phase: string) {
    const [nextKey, viewKey] = splitKey(state.key).unstack() as [Tensor, Tensor];
    const { globals, locals } = multiCrop(images, viewKey, views);
    const crops = [globals, ...(locals ? [locals] : [])].map((x) => normaliseChannels(x, statistics));
    return learn({ ...state, key: nextKey }, crops, at, phase);
  }

  function learn(state: SelfDistillationState<N>, crops: readonly Tensor[], at: StepValues, phase: string) {
    const batch = ((crops[0] as Tensor).shape[0] as number) / 2;
    const count = crops.reduce((sum, x) => sum + (x.shape[0] as number), 0) / batch;
    const { teacher, centers } = state;
    const distil = valueAndGrad((student: N) => {
      const mode = trainMode({ key: foldIn(state.key, DROP) });
      const teacherTemperature = at.temperature as Tensor;
      const pass = { student, teacher, crops, count, centers, teacherTemperature, mode, run: { recompute } };
      const result = distillation.loss(pass);
      return { loss: result.loss, aux: result };
    });
    const { value: loss, grads, aux } = distil(state.student);
    const frozen = [...(phase === FROZEN ? [PROTOTYPES] : []), LENGTHS];
    const { params, state: moved } = optimiser.step(
      state.student,
      clip === null ? grads : clipByNorm(grads, clip),
      state.optimiser,
      { lr: at.rate, weightDecay: at.weightDecay as Tensor, frozen },
    );
    return {
      state: {
        ...state,
        student: params,
        teacher: ema(teacher, params, at.momentum as Tensor),
        centers: aux.centers,
        optimiser: moved,
      },
      loss,
      metrics: { gradientNorm: globalNorm(grads), ...aux.metrics },
    };
  }

  const embed = ({ teacher }: SelfDistillationState<N>, images: Tensor) =>
    teacher.represent(normaliseChannels(images, statistics));

  function pair({ student }: SelfDistillationState<N>, images: Tensor, key: Tensor) {
    const { globals } = multiCrop(images, key, views);
    return distillation.project(student, normaliseChannels(globals, statistics)).chunk(2) as [Tensor, Tensor];
  }

  return {
    name: distillation.name,
    start,
    step,
    learn,
    schedules: (run) => schedulesOf(options, run),
    phase: (at, { stepsPerEpoch }) => (at < freezeEpochs * stepsPerEpoch ? FROZEN : ""),
    embed,
    pair,
    advice: ADVICE,
    describe: ({ student }) => {
      const parameters = treeLeaves(student).reduce((sum, { value }) => sum + value.size, 0);
      return `${distillation.name}: ${parameters.toLocaleString("en")} parameters with the head, ${views.recipe?.locals.count} small crops`;
    },
  };
}

const ADVICE =
  "Try a teacher that follows more slowly (a momentum nearer to 1) or a smaller learning rate first; then a lower temperature of the teacher, or a larger batch";

/** What the key of a step's stochastic depth is made with. */
const DROP = 2;

function groupOf(path: string, leaf: Tensor, unitPrototypes: boolean): LeafOptions {
  const isLength = path.endsWith("last_layer.weight_g");
  const group = isLength && unitPrototypes ? LENGTHS : path.includes("last_layer") ? PROTOTYPES : "all";
  return { group, ...(path.endsWith(".bias") || leaf.rank < 2 ? { weightDecay: 0 } : {}) };
}

function schedulesOf(options: SelfDistillationOptions, run: RunLength): Record<string, Schedule> {
  const { rate = 5e-4, finalRate = 1e-6, warmupEpochs = 10 } = options;
  const { weightDecay = [0.04, 0.4], momentum = [0.996, 1] } = options;
  const { from, to, epochs } = options.teacherTemperature ?? { from: 0.04, to: 0.04, epochs: 0 };
  const { steps, stepsPerEpoch, batch } = run;
  const warmup = Math.min(Math.round(warmupEpochs * stepsPerEpoch), Math.floor(steps / 2));
  const temperature = inclusiveRamp({ from, to, steps: epochs });
  return {
    rate: dinoCosine({ base: (rate * batch) / 256, final: finalRate, steps, warmup }),
    weightDecay: dinoCosine({ base: weightDecay[0], final: weightDecay[1], steps }),
    momentum: dinoCosine({ base: momentum[0], final: momentum[1], steps }),
    temperature: (step) => temperature(Math.floor(step / stepsPerEpoch)),
  };
}
