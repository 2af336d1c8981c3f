// Attention: the task that the library is held against others in, windows with a bias, and odd head sizes.
import {
  type AttentionOptions,
  getDevice,
  grad,
  key,
  scaledDotProductAttention,
  type Tensor,
} from "../../mod.ts";
import { type Bench, kernelSubject, values } from "../bench.ts";

export const openDevice = getDevice;

type Attend = (q: Tensor, k: Tensor, v: Tensor, bias?: Tensor) => Tensor;
type Options = Omit<AttentionOptions, "bias"> & { weights?: false };

const attend =
  (options: Options): Attend =>
  (q, k, v, bias) =>
    scaledDotProductAttention(q, k, v, bias ? { ...options, bias } : options);

/** All gradients, each added up, so that the kernels that make them run. */
const gradients =
  (options: Options): Attend =>
  (q, k, v, bias) => {
    const tree = { q, k, v, ...(bias ? { bias } : {}) };
    const grads = grad((t: typeof tree) => attend(options)(t.q, t.k, t.v, t.bias).square().sum())(tree);
    const { bias: ofBias } = grads as { bias?: Tensor };
    const sum = grads.q.add(grads.k).add(grads.v);
    return ofBias ? sum.add(ofBias.sum()) : sum;
  };

function task(
  name: string,
  shape: number[],
  biasShape: number[] | null = null,
  options: Options = {},
): Bench[] {
  const shapes = [shape, shape, shape, ...(biasShape ? [biasShape] : [])];
  const inputs = () => shapes.map((s) => values(...s));
  return Object.entries({ forward: attend(options), "with gradients": gradients(options) }).map(
    ([pass, f]): Bench => ({
      name: `attention ${name} ${pass}`,
      shape: { inputs: shapes.map((s) => s.join("x")).join(" ") },
      variants: {
        plain: () =>
          kernelSubject((...xs) => f(xs[0] as Tensor, xs[1] as Tensor, xs[2] as Tensor, xs[3]), inputs(), {
            repeats: 1,
          }),
      },
    }),
  );
}

export const benches: readonly Bench[] = [
  ...task("of 197 tokens", [4, 6, 197, 64]),
  ...task("of 65 tokens", [8, 3, 65, 64]),
  ...task("of 17 tokens", [16, 3, 17, 32]),
  ...task("in windows of 49", [64, 3, 49, 32], [3, 49, 49]),
  ...task("with dropout", [2, 3, 65, 64], null, { dropout: { p: 0.1, key: key(1) } }),
];
