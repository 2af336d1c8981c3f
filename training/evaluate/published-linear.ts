import { crossEntropy } from "../../losses/mod.ts";
import { compile, key, matmul, type Tensor, tensor, valueAndGrad } from "../../mod.ts";
import { Linear } from "../../models/nn/linear.ts";
import { adam } from "../optim/adam.ts";
import type { OptimiserState } from "../optim/optimiser.ts";
import type { Embeddings } from "./embeddings.ts";
import { type Classified, classesOf, judge, type Labelled, largestAt } from "./labelled.ts";
import { standardiser } from "./standardise.ts";

export interface PublishedLinearOptions {
  /** Default 100. */
  readonly epochs?: number;
  /** Rows of a step; the last step of an epoch has what is left. Default 64. */
  readonly batch?: number;
  /** Learning rate, the same at all steps. Default 3e-4. */
  readonly rate?: number;
  /** Added to the gradient as L2. Default 1e-4. */
  readonly weightDecay?: number;
  /** Of the starting weights. Default 0. */
  readonly seed?: number;
  /** Starting weights `[classes, width]` and biases `[classes]`, where they are given. */
  readonly start?: { readonly weight: ArrayLike<number>; readonly bias: ArrayLike<number> };
}

export interface PublishedLinearResult extends Classified {
  /** Scores of the test rows, `[rows, classes]`, row by row. */
  readonly logits: Float64Array;
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  /** Of each step. */
  readonly losses: readonly number[];
}

interface ProbeState {
  readonly layer: Layer;
  readonly optimiser: OptimiserState;
}

interface Layer {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

/**
 * The linear evaluation of ScatSimCLR's code: standardised features, one linear layer, Adam at a constant rate, rows
 * always in the same order. All rows are used, also the last ones, which the code drops. The accuracy is that after the
 * last epoch.
 *
 * `linearProbe` finds the minimum itself, and is the better measure; this one is for comparing with published numbers.
 *
 * @example
 *   const { accuracy } = await publishedLinearEvaluation({ embeddings: h, labels }, test);
 *
 * Source: training/evaluate/published-linear.ts. Paper: Kinakh, Taran and Voloshynovskiy 2021. Code:
 * vkinakh/scatsimclr, evaluator.
 */
export async function publishedLinearEvaluation(
  train: Labelled,
  test: Labelled,
  options: PublishedLinearOptions = {},
): Promise<PublishedLinearResult> {
  const { epochs = 100, batch = 64, rate = 3e-4, weightDecay = 1e-4, seed = 0, start } = options;
  const classes = classesOf(train.labels, test.labels);
  const { width } = train.embeddings;
  const scale = standardiser(train.embeddings, 0);
  const blank = new Linear({ key: key(seed), inFeatures: width, outFeatures: classes });
  const layer: Layer = start
    ? {
        weight: tensor(Float32Array.from(start.weight), { shape: [classes, width] }),
        bias: tensor(Float32Array.from(start.bias)),
      }
    : { weight: blank.weight, bias: blank.bias as Tensor };
  const optimiser = adam({ lr: rate, weightDecay });
  const step = compile(
    (state: ProbeState, rows: Tensor, targets: Tensor) => {
      const { value, grads } = valueAndGrad((at: Layer) =>
        crossEntropy(matmul(rows, at.weight.transpose()).add(at.bias), targets),
      )(state.layer);
      const moved = optimiser.step(state.layer, grads, state.optimiser);
      return { state: { layer: moved.params, optimiser: moved.state }, loss: value };
    },
    { name: "published linear evaluation" },
  );
  const batches = batchesOf(scale(train.embeddings), train.labels, batch);
  let state: ProbeState = { layer, optimiser: optimiser.init(layer) };
  const losses: number[] = [];
  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      const told = batches.map(({ rows, targets }) => {
        const result = step(state, rows, targets);
        state = result.state;
        return result.loss.item();
      });
      losses.push(...(await Promise.all(told))); // no further ahead than an epoch
    }
    const [weight, bias] = (await Promise.all([state.layer.weight.data(), state.layer.bias.data()])) as [
      Float32Array,
      Float32Array,
    ];
    const logits = scores(scale(test.embeddings), weight, bias);
    const predictions = Int32Array.from({ length: test.embeddings.count }, (_, i) =>
      largestAt(logits, i * classes, classes),
    );
    return { ...judge(predictions, test.labels), logits, weight, bias, losses };
  } finally {
    for (const { rows, targets } of batches) for (const x of [rows, targets]) x.dispose();
    step.dispose();
  }
}

function batchesOf({ count, width, values }: Embeddings, labels: ArrayLike<number>, batch: number) {
  if (!(Number.isInteger(batch) && batch >= 1))
    throw new RangeError(`publishedLinearEvaluation: batches of ${batch}; need a whole number from 1 on`);
  return Array.from({ length: Math.ceil(count / batch) }, (_, i) => {
    const [from, to] = [i * batch, Math.min(count, (i + 1) * batch)];
    return {
      rows: tensor(values.slice(from * width, to * width), { shape: [to - from, width] }),
      targets: tensor(Int32Array.from({ length: to - from }, (_, k) => labels[from + k] as number)),
    };
  });
}

function scores(
  { count, width, values }: Embeddings,
  weight: Float32Array,
  bias: Float32Array,
): Float64Array {
  const classes = bias.length;
  const result = new Float64Array(count * classes);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < classes; c++) {
      let sum = bias[c] as number;
      for (let k = 0; k < width; k++) {
        sum += (values[i * width + k] as number) * (weight[c * width + k] as number);
      }
      result[i * classes + c] = sum;
    }
  }
  return result;
}
