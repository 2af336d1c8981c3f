// A method with few kernels, for tests of runs rather than of learning: a dense encoder, contrast of noisy images.
import type { ImageSet } from "../../data/images.ts";
import { ntXent } from "../../losses/contrastive/nt-xent.ts";
import { foldIn, normal, relu, splitKey, type Tensor, valueAndGrad } from "../../mod.ts";
import { Linear } from "../../models/nn/linear.ts";
import { globalNorm } from "../../training/clip.ts";
import type { Method, StepParts, StepValues } from "../../training/method.ts";
import { adam } from "../../training/optim/adam.ts";
import type { OptimiserState } from "../../training/optim/optimiser.ts";
import { pretrain } from "../../training/pretrain.ts";
import type { TrainingEvent } from "../../training/run/events.ts";
import type { PretrainOptions } from "../../training/run/options.ts";

export interface SmallModel {
  readonly l1: Linear;
  readonly l2: Linear;
}

export interface SmallState {
  readonly model: SmallModel;
  readonly optimiser: OptimiserState;
  readonly key: Tensor;
}

interface Pair {
  readonly first: Tensor;
  readonly second: Tensor;
}

export interface SmallOptions {
  /** Pixels of an image, all channels. Default 48. */
  inputs?: number;
  hidden?: number;
  width?: number;
  noise?: number;
  /** Of two projections; default NT-Xent at 0.5. */
  loss?: (first: Tensor, second: Tensor) => Tensor;
}

export type SmallMethod = Method<SmallState> & { readonly parts: StepParts<SmallState> };

export function smallMethod(options: SmallOptions = {}): SmallMethod {
  const { inputs = 48, hidden = 16, width = 8, noise = 0.1, loss = ntXent } = options;
  const optimiser = adam();
  const flat = (images: Tensor) => images.flatten(1).sub(0.5);
  const encode = ({ l1, l2 }: SmallModel, x: Tensor) => l2.forward(relu(l1.forward(x)));
  const draw = (images: Tensor, key: Tensor): Pair => {
    const view = (n: number) =>
      flat(images).add(normal(foldIn(key, n), [images.shape[0] as number, inputs]).mul(noise));
    return { first: view(0), second: view(1) };
  };

  const parts: StepParts<SmallState> = {
    model: (state) => state.model,
    views(state, images) {
      const [next, now] = splitKey(state.key).unstack() as [Tensor, Tensor];
      return { views: draw(images, now), state: { ...state, key: next } };
    },
    encode(model, views) {
      const { first, second } = views as Pair;
      const rows = { first: encode(model as SmallModel, first), second: encode(model as SmallModel, second) };
      return { rows, model };
    },
    loss(rows) {
      const { first, second } = rows as Pair;
      return loss(first, second);
    },
    update(state, model, grads, at) {
      const moved = optimiser.step(model as SmallModel, grads as SmallModel, state.optimiser, {
        lr: at.rate,
      });
      return {
        state: { ...state, model: moved.params, optimiser: moved.state },
        metrics: { gradientNorm: globalNorm(grads) },
      };
    },
  };

  return {
    name: "small",
    start(key) {
      const model = {
        l1: new Linear({ key: foldIn(key, 0), inFeatures: inputs, outFeatures: hidden }),
        l2: new Linear({ key: foldIn(key, 1), inFeatures: hidden, outFeatures: width }),
      };
      return { model, optimiser: optimiser.init(model), key: foldIn(key, 2) };
    },
    step(before, images, at: StepValues) {
      const { views, state } = parts.views(before, images, at, "");
      const { value, grads } = valueAndGrad((model: unknown) => {
        const { rows } = parts.encode(model, views, state, at);
        return parts.loss(rows, state, at) as Tensor;
      })(parts.model(state));
      return { loss: value, ...parts.update(state, parts.model(state), grads, at) };
    },
    embed: ({ model }, images) => relu(model.l1.forward(flat(images))),
    pair({ model }, images, key) {
      const { first, second } = draw(images, key);
      return [encode(model, first), encode(model, second)];
    },
    parts,
  };
}

/** Images of 4x4 in three colours, each its own. */
export function specks(count: number, size = 4): ImageSet {
  const data = new Uint8Array(count * size * size * 3);
  for (let i = 0; i < data.length; i++) {
    const image = Math.floor(i / (size * size * 3));
    data[i] = 128 + 120 * Math.sin((image + 1) * 0.37 * (i % (size * size * 3)) + image * image);
  }
  return { count, height: size, width: size, channels: 3, data };
}

/** All events of a run; `see` sees each as it comes. */
export async function eventsOf(
  options: PretrainOptions,
  {
    method = smallMethod(),
    images = specks(16),
    see = (_: TrainingEvent<SmallState>): unknown => undefined,
  } = {},
): Promise<TrainingEvent<SmallState>[]> {
  const events: TrainingEvent<SmallState>[] = [];
  for await (const event of pretrain(method, images, options)) {
    events.push(event);
    await see(event);
  }
  return events;
}

/** The events as their numbers, without what depends on the clock, and without states. */
export function plain(events: readonly TrainingEvent<unknown>[]): Record<string, unknown>[] {
  return events.map((event) => {
    const {
      state: _,
      imagesPerSecond: __,
      secondsLeft: ___,
      seconds: ____,
      ...rest
    } = event as unknown as Record<string, unknown>;
    return rest;
  });
}

export const lossesOf = (events: readonly TrainingEvent<unknown>[]): number[] =>
  events.flatMap((event) => (event.type === "step" ? [event.loss] : []));
