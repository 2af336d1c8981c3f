import { randomView } from "../../data/augment/random-view.ts";
import { defaultRecipe, type ViewRecipe } from "../../data/augment/recipe.ts";
import { type ChannelStatistics, normaliseChannels } from "../../data/images.ts";
import { ntXent } from "../../losses/contrastive/nt-xent.ts";
import { crossEntropy } from "../../losses/mod.ts";
import {
  argmax,
  concat,
  equal,
  foldIn,
  splitKey,
  stopGradient,
  type Tensor,
  valueAndGrad,
} from "../../mod.ts";
import { type Mode, trainMode } from "../../models/nn/mode.ts";
import type { PretextHead } from "../../models/pretext/heads.ts";
import { globalNorm } from "../clip.ts";
import type { Method, RunLength, StepMetrics, StepParts, StepValues } from "../method.ts";
import { adam } from "../optim/adam.ts";
import type { OptimiserState } from "../optim/optimiser.ts";
import { type PretextBatch, type PretextOptions, pretextTask } from "../pretext/task.ts";
import { type Schedule, scatSimClrPublished } from "../schedule.ts";

/** An encoder with a projection head. */
export interface ContrastiveModel {
  /** What nothing is learned in: images `f32[B, C, H, W]` to what `encode` takes. */
  scatter(images: Tensor): Tensor;
  /** Representations `f32[B, width]` and projections. */
  encode(features: Tensor, mode?: Mode): { readonly h: Tensor; readonly z: Tensor };
  /** Width of h. */
  readonly width: number;
}

export interface ContrastiveOptions {
  /** Of the images; the model sees channels of zero mean and unit deviation. */
  readonly statistics: ChannelStatistics;
  /** Default: `defaultRecipe`; `scatSimClrRecipe` has the views of the published code. */
  readonly views?: ViewRecipe;
  /** Rows and columns of the views. Default: those of the images. */
  readonly viewSize?: readonly [number, number];
  /** Of NT-Xent. Default 0.5. */
  readonly temperature?: number;
  /** Added to the gradient as L2. Default 1e-5. */
  readonly weightDecay?: number;
  /** A task that the representation is trained on as well. Default "none". */
  readonly pretext?: "none" | PretextOptions["task"] | PretextOptions;
  /**
   * "published": the learning rate of ScatSimCLR's code, 3e-4 for ten epochs and then a cosine that takes as many epochs
   * as an epoch has steps. Default: whatever the run says, a cosine over all of it if nothing.
   */
  readonly schedule?: "published";
}

/** What is trained together. */
interface Learner<M> {
  readonly model: M;
  /** Of the pretext task. */
  readonly head: PretextHead | null;
}

export interface ContrastiveState<M> extends Learner<M> {
  readonly optimiser: OptimiserState;
  /** Randomness of the steps to come. */
  readonly key: Tensor;
}

export interface ContrastiveMethod<M> extends Method<ContrastiveState<M>> {
  /** What the learned part of the encoder sees of images `f32[B, C, H, W]`, 0 to 1: their scattering, if it has that. */
  scatter(model: M, images: Tensor): Tensor;
}

/** What a model is made with, of the key that `start` is given. */
export const modelKey = (key: Tensor): Tensor => foldIn(key, 0);

/** What is drawn for a step. */
interface Views {
  readonly first: Tensor;
  readonly second: Tensor;
  readonly pretext: PretextBatch | null;
}

/** What the loss sees. */
interface Rows {
  readonly zi: Tensor;
  readonly zj: Tensor;
  readonly pretext: { readonly logits: Tensor; readonly labels: Tensor } | null;
}

/** From so many epochs on the paper leaves the task away at first. */
const LONG_RUN = 100;
const WARMUP_OF_LONG_RUN = 40;
/** The phase of steps without the task. */
const CONTRAST_ALONE = "contrast alone";

/**
 * Learning by comparison: two random views of each image, which the model learns to tell from the views of all other
 * images, and a pretext task beside it if one is wanted.
 *
 * The fixed part of the encoder sees both views as one batch; the learned part sees them one after the other, and the
 * examples of the task last, so that batch norm has the statistics of each by itself.
 *
 * Source: training/methods/contrastive.ts. Papers: Chen et al. 2020; Kinakh, Taran and Voloshynovskiy 2021.
 */
export function contrastive<M extends ContrastiveModel>(
  name: string,
  makeModel: (key: Tensor) => M,
  options: ContrastiveOptions,
): ContrastiveMethod<M> {
  const { statistics, views: recipe = defaultRecipe, temperature = 0.5, weightDecay = 1e-5 } = options;
  const { pretext = "none" } = options;
  const task =
    pretext === "none" ? null : pretextTask(typeof pretext === "string" ? { task: pretext } : pretext);
  const optimiser = adam({ weightDecay });

  const scatter = (model: M, images: Tensor) => model.scatter(normaliseChannels(images, statistics));
  const augment = (images: Tensor, key: Tensor) => {
    const [, , rows = 0, columns = 0] = images.shape;
    return randomView(images, key, { recipe, size: options.viewSize ?? [rows, columns] });
  };
  const twoViews = (images: Tensor, key: Tensor) =>
    augment(concat([images, images]), key).chunk(2) as [Tensor, Tensor];

  function start(key: Tensor): ContrastiveState<M> {
    const model = makeModel(modelKey(key));
    const head = task?.makeHead(foldIn(key, 2), model.width) ?? null;
    return { model, head, optimiser: optimiser.init({ model, head }), key: foldIn(key, 1) };
  }

  function draw(state: ContrastiveState<M>, images: Tensor, withTask: boolean) {
    const [nextKey, viewKey] = splitKey(state.key).unstack() as [Tensor, Tensor];
    const views = twoViews(images, viewKey);
    const batch =
      task && state.head && withTask
        ? task.examples(state.head, { images, views, augment, key: foldIn(viewKey, 1) })
        : null;
    const drawn: Views = { first: views[0], second: views[1], pretext: batch };
    return { views: drawn, state: { ...state, key: nextKey } };
  }

  function encode({ model, head }: Learner<M>, { first, second, pretext }: Views) {
    const mode = trainMode();
    const [a, b] = stopGradient(scatter(model, concat([first, second]))).chunk(2) as [Tensor, Tensor];
    const zi = model.encode(a, mode).z;
    const zj = model.encode(b, mode).z;
    let guess: Rows["pretext"] = null;
    if (pretext && head && task) {
      const features = task.normalised ? scatter(model, pretext.images) : model.scatter(pretext.images);
      const { h } = model.encode(stopGradient(features), mode);
      guess = { logits: head.forward(h, pretext.masks), labels: pretext.labels };
    }
    const rows: Rows = { zi, zj, pretext: guess };
    return { rows, model: mode.apply<Learner<M>>({ model, head }) };
  }

  function loss({ zi, zj, pretext }: Rows, { lambda }: StepValues) {
    const contrast = ntXent(zi, zj, { temperature });
    if (!pretext || !lambda) return { loss: contrast, metrics: {} };
    const guessed = crossEntropy(pretext.logits, pretext.labels);
    const right = equal(argmax(pretext.logits, { axis: 1 }), pretext.labels)
      .cast("f32")
      .mean();
    return {
      loss: contrast.add(guessed.mul(lambda)),
      metrics: { contrast, pretext: guessed, pretextAccuracy: right } as StepMetrics,
    };
  }

  function update(state: ContrastiveState<M>, learner: Learner<M>, grads: Learner<M>, { rate }: StepValues) {
    const moved = optimiser.step(learner, grads, state.optimiser, { lr: rate });
    return {
      state: { ...moved.params, optimiser: moved.state, key: state.key },
      metrics: { gradientNorm: globalNorm(grads) } as StepMetrics,
    };
  }

  function step(state: ContrastiveState<M>, images: Tensor, at: StepValues, phase = "") {
    const drawn = draw(state, images, phase !== CONTRAST_ALONE);
    const learn = valueAndGrad((learner: Learner<M>) => {
      const { rows, model } = encode(learner, drawn.views);
      const { loss: total, metrics } = loss(rows, at);
      return { loss: total, aux: { model, metrics } };
    });
    const { value, grads, aux } = learn({ model: state.model, head: state.head });
    const after = update(drawn.state, aux.model, grads, at);
    return { state: after.state, loss: value, metrics: { ...aux.metrics, ...after.metrics } };
  }

  const embed = ({ model }: ContrastiveState<M>, images: Tensor) => model.encode(scatter(model, images)).h;

  function pair({ model }: ContrastiveState<M>, images: Tensor, key: Tensor) {
    const views = concat(twoViews(images, key));
    return model.encode(scatter(model, views)).z.chunk(2) as [Tensor, Tensor];
  }

  const parts: StepParts<ContrastiveState<M>> = {
    model: ({ model, head }) => ({ model, head }),
    views: (state, images, _, phase) => draw(state, images, phase !== CONTRAST_ALONE),
    encode: (learner, views) => encode(learner as Learner<M>, views as Views),
    loss: (rows, _, at) => loss(rows as Rows, at),
    update: (state, learner, grads, at) => update(state, learner as Learner<M>, grads as Learner<M>, at),
  };

  const warmup = ({ epochs, stepsPerEpoch }: RunLength): number => {
    const whole = epochs >= LONG_RUN ? WARMUP_OF_LONG_RUN : 0;
    return (task?.options.warmupEpochs ?? whole) * stepsPerEpoch;
  };

  function schedules(run: RunLength): Record<string, Schedule> {
    const published = scatSimClrPublished({ stepsPerEpoch: run.stepsPerEpoch });
    return {
      ...(options.schedule === "published" && {
        rate: (at: number) => published(Math.floor(at / run.stepsPerEpoch)),
      }),
      ...(task && { lambda: (at: number) => (at < warmup(run) ? 0 : (task.options.lambda ?? 0.3)) }),
    };
  }

  const phase = (at: number, run: RunLength) => (task && at < warmup(run) ? CONTRAST_ALONE : "");

  return { name, start, step, schedules, phase, embed, pair, parts, scatter };
}
