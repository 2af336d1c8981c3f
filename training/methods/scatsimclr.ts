import { randomView } from "../../data/augment/random-view.ts";
import { defaultRecipe, type ViewRecipe } from "../../data/augment/recipe.ts";
import { type ChannelStatistics, normaliseChannels } from "../../data/images.ts";
import { ntXent } from "../../losses/contrastive/nt-xent.ts";
import { concat, foldIn, splitKey, stopGradient, type Tensor, valueAndGrad } from "../../mod.ts";
import { trainMode } from "../../models/nn/mode.ts";
import { ScatSimClr, type ScatSimClrOptions } from "../../models/scatsimclr/scatsimclr.ts";
import { globalNorm } from "../clip.ts";
import type { Method, StepValues } from "../method.ts";
import { adam } from "../optim/adam.ts";
import type { OptimiserState } from "../optim/optimiser.ts";

export interface ScatSimClrMethodOptions {
  /** All of the model but its key. */
  readonly model: Omit<ScatSimClrOptions, "key">;
  /** Of the images; the model sees channels of zero mean and unit deviation. */
  readonly statistics: ChannelStatistics;
  /** Default: `defaultRecipe`. */
  readonly views?: ViewRecipe;
  /** Rows and columns of the views. Default: those of the images. */
  readonly viewSize?: readonly [number, number];
  /** Of NT-Xent. Default 0.5. */
  readonly temperature?: number;
  /** Added to the gradient as L2. Default 1e-5. */
  readonly weightDecay?: number;
}

export interface ScatSimClrState {
  readonly model: ScatSimClr;
  readonly optimiser: OptimiserState;
  /** Randomness of the steps to come. */
  readonly key: Tensor;
}

export interface ScatSimClrMethod extends Method<ScatSimClrState> {
  /** Scattering channels of images `f32[B, C, H, W]`, 0 to 1: the part of the encoder that nothing is learned in. */
  scatter(model: ScatSimClr, images: Tensor): Tensor;
}

/**
 * ScatSimCLR: two random views of each image, which the model learns to tell from the views of all other images.
 *
 * The scattering of both views is one batch; the learned part sees them one after the other, so that batch norm has the
 * statistics of each view by itself.
 *
 * Source: training/methods/scatsimclr.ts. Paper: Kinakh, Taran and Voloshynovskiy 2021, without the pretext task.
 */
export function scatSimClr(options: ScatSimClrMethodOptions): ScatSimClrMethod {
  const { statistics, views: recipe = defaultRecipe, temperature = 0.5, weightDecay = 1e-5 } = options;
  const optimiser = adam({ weightDecay });

  const scatter = (model: ScatSimClr, images: Tensor) => model.scatter(normaliseChannels(images, statistics));

  function start(key: Tensor): ScatSimClrState {
    const model = new ScatSimClr({ ...options.model, key: foldIn(key, 0) });
    return { model, optimiser: optimiser.init(model), key: foldIn(key, 1) };
  }

  function step(state: ScatSimClrState, images: Tensor, { rate }: StepValues) {
    const [nextKey, viewKey] = splitKey(state.key).unstack() as [Tensor, Tensor];
    const views = randomView(concat([images, images]), viewKey, { recipe, size: options.viewSize });
    const features = stopGradient(scatter(state.model, views));
    const [first, second] = features.chunk(2) as [Tensor, Tensor];
    const contrast = valueAndGrad((model: ScatSimClr) => {
      const mode = trainMode();
      const loss = ntXent(model.encode(first, mode).z, model.encode(second, mode).z, { temperature });
      return { loss, aux: mode.apply(model) };
    });
    const { value: loss, grads, aux: seen } = contrast(state.model);
    const moved = optimiser.step(seen, grads, state.optimiser, { lr: rate });
    const next = { model: moved.params, optimiser: moved.state, key: nextKey };
    return { state: next, loss, metrics: { gradientNorm: globalNorm(grads) } };
  }

  const embed = ({ model }: ScatSimClrState, images: Tensor) => model.encode(scatter(model, images)).h;

  function pair({ model }: ScatSimClrState, images: Tensor, key: Tensor) {
    const views = randomView(concat([images, images]), key, { recipe, size: options.viewSize });
    return model.encode(scatter(model, views)).z.chunk(2) as [Tensor, Tensor];
  }

  return { name: "ScatSimCLR", start, step, embed, pair, scatter };
}
