import { crossEntropy } from "../../losses/mod.ts";
import {
  compile,
  foldIn,
  key,
  matmul,
  normal,
  permutation,
  scalar,
  type Tensor,
  tensor,
  valueAndGrad,
} from "../../mod.ts";
import type { OptimiserState } from "../optim/optimiser.ts";
import { sgd } from "../optim/sgd.ts";
import type { Embeddings } from "./embeddings.ts";
import { type Classified, classesOf, judge, type Labelled, largestAt } from "./labelled.ts";

export interface SgdProbeOptions {
  /** Default 100. */
  epochs?: number;
  /** Rows of a step; what is left over of an epoch is not used in it. Default 128, or all rows if there are fewer. */
  batch?: number;
  /** Learning rate of the first epoch. Default `0.001 * batch / 256`, as published for features of DINO. */
  rate?: number;
  /** Default 0.9. */
  momentum?: number;
  /** Of the starting weights and the order of the rows. Default 0. */
  seed?: number;
  /** Starting weights `[classes, width]` and the order of the rows of each epoch, where they are given. */
  start?: { readonly weight: ArrayLike<number>; readonly order: readonly ArrayLike<number>[] };
}

interface ProbeState {
  readonly layer: { readonly weight: Tensor; readonly bias: Tensor };
  readonly optimiser: OptimiserState;
}

/** A linear layer: `weight` `[classes, width]` and `bias` `[classes]`. */
export interface LinearLayer {
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/**
 * A linear classifier by gradient descent with momentum, on features as they are: cosine schedule by epochs down to 0,
 * no decay of weights.
 *
 * @example
 *   const { accuracy } = await sgdProbe({ embeddings: h, labels }, test, { epochs: 100, rate: 0.1 });
 *
 * Source: training/evaluate/sgd-probe.ts. Paper: Caron et al. 2021, appendix F (without augmentation).
 */
export async function sgdProbe(
  train: Labelled,
  test: Labelled,
  options: SgdProbeOptions = {},
): Promise<Classified> {
  const classes = classesOf(train.labels, test.labels);
  const layer = await trainLayer(train, classes, options);
  return judge(classesBy(layer, test.embeddings), test.labels);
}

/** The layer that `sgdProbe` classifies with. */
export async function trainLayer(
  { embeddings, labels }: Labelled,
  classes: number,
  options: SgdProbeOptions = {},
): Promise<LinearLayer> {
  const { count, width } = embeddings;
  const { epochs = 100, batch = Math.min(128, count), momentum = 0.9, seed = 0, start } = options;
  const { rate = (0.001 * batch) / 256 } = options;
  if (batch < 1 || batch > count)
    throw new RangeError(`sgdProbe: ${count} rows are no batch of ${batch}; need 1 to ${count}`);
  const root = key(seed);
  const weight = start
    ? tensor(Float32Array.from(start.weight), { shape: [classes, width] })
    : normal(foldIn(root, 0), [classes, width]).mul(0.01);
  const optimiser = sgd({ lr: rate, momentum });
  const step = compile(
    (state: ProbeState, rows: Tensor, targets: Tensor, lr: Tensor): ProbeState => {
      const { grads } = valueAndGrad((at: ProbeState["layer"]) =>
        crossEntropy(matmul(rows, at.weight.transpose()).add(at.bias), targets),
      )(state.layer);
      const moved = optimiser.step(state.layer, grads, state.optimiser, { lr });
      return { layer: moved.params, optimiser: moved.state };
    },
    { name: "linear probe" },
  );
  const layer = { weight, bias: tensor(new Float32Array(classes)) };
  let state: ProbeState = { layer, optimiser: optimiser.init(layer) };
  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = start?.order[epoch] ?? (await permutation(foldIn(foldIn(root, 1), epoch), count).data());
      const lr = scalar((rate / 2) * (1 + Math.cos((Math.PI * epoch) / epochs)));
      for (let from = 0; from + batch <= count; from += batch) {
        const picked = Array.prototype.slice.call(order, from, from + batch) as number[];
        const rows = batchOfRows(embeddings, picked);
        const targets = tensor(Int32Array.from(picked, (i) => labels[i] as number));
        state = step(state, rows, targets, lr);
        rows.dispose();
        targets.dispose();
      }
      await state.layer.bias.data(); // no further ahead than an epoch
    }
    const [weights, bias] = await Promise.all([state.layer.weight.data(), state.layer.bias.data()]);
    return { weight: weights as Float32Array, bias: bias as Float32Array };
  } finally {
    step.dispose();
  }
}

function batchOfRows({ width, values }: Embeddings, picked: readonly number[]): Tensor {
  const rows = new Float32Array(picked.length * width);
  picked.forEach((row, i) => {
    rows.set(values.subarray(row * width, (row + 1) * width), i * width);
  });
  return tensor(rows, { shape: [picked.length, width] });
}

function classesBy({ weight, bias }: LinearLayer, { count, width, values }: Embeddings): Int32Array {
  const scores = new Float64Array(bias.length);
  return Int32Array.from({ length: count }, (_, i) => {
    for (let c = 0; c < bias.length; c++) {
      let sum = bias[c] as number;
      for (let k = 0; k < width; k++) {
        sum += (values[i * width + k] as number) * (weight[c * width + k] as number);
      }
      scores[c] = sum;
    }
    return largestAt(scores);
  });
}
