// Attention of a ViT-S layer with 32 images, alone and with its gradients.
import { grad, key, normal, scaledDotProductAttention, type Tensor } from "../../mod.ts";
import { type Bench, kernelSubject } from "../bench.ts";
import { attention, rounds } from "./sizes.ts";

export { openDevice } from "./device.ts";

const { batch, heads, tokens, width } = attention;
const inputs = (): Tensor[] => [1, 2, 3].map((seed) => normal(key(seed), [batch, heads, tokens, width]));

const forward = (...[q, k, v]: Tensor[]): Tensor =>
  scaledDotProductAttention(q as Tensor, k as Tensor, v as Tensor);

/** The three gradients added up, so that all of them are computed. */
function withGradients(...[q, k, v]: Tensor[]): Tensor {
  const tree = { q: q as Tensor, k: k as Tensor, v: v as Tensor };
  const grads = grad((t: typeof tree) => forward(t.q, t.k, t.v).square().sum())(tree);
  return grads.q.add(grads.k).add(grads.v);
}

export const benches: readonly Bench[] = Object.entries({ forward, "with gradients": withGradients }).map(
  ([pass, f]) => ({
    name: `attention ${pass}`,
    shape: { ...attention },
    variants: { float32: () => kernelSubject(f, inputs(), { repeats: 8 }) },
    rounds,
  }),
);
