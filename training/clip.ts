import { minimum, type Tensor, treeLeaves, treeMap } from "../mod.ts";

// Gradients are trees; what in them is no float has no gradient and passes through.

const isFloat = (x: Tensor): boolean => x.dtype === "f32" || x.dtype === "f16";

const sumOfSquares = (x: Tensor): Tensor => {
  const wide = x.cast("f32");
  return wide.mul(wide).sum();
};

/** The length of all tensors of a tree taken as one vector, `f32[]`. */
export function globalNorm(tree: unknown): Tensor {
  const squares = treeLeaves(tree)
    .filter(({ value }) => isFloat(value))
    .map(({ value }) => sumOfSquares(value));
  const [first, ...others] = squares;
  if (!first) throw new TypeError("globalNorm: the tree holds no floats");
  return others.reduce((a, b) => a.add(b), first).sqrt();
}

/** Factor that brings a length down to `limit`; the constant is that of torch's clip_grad_norm_. */
const factor = (norm: Tensor, limit: number | Tensor): Tensor => {
  const room = norm.add(1e-6);
  return minimum(typeof limit === "number" ? room.reciprocal().mul(limit) : limit.div(room), 1);
};

/**
 * Gradients scaled down together so that their common length is at most `limit`.
 *
 * @returns The gradients, and their length before, `f32[]`.
 *
 * Source: training/clip.ts; as torch.nn.utils.clip_grad_norm_.
 */
export function clipByGlobalNorm<G>(grads: G, limit: number | Tensor): { grads: G; norm: Tensor } {
  const norm = globalNorm(grads);
  const scale = factor(norm, limit);
  return { grads: treeMap((g) => (isFloat(g) ? g.mul(scale).cast(g.dtype) : g), grads), norm };
}

/** Gradients scaled down one by one so that the length of each tensor is at most `limit`, as DINO does it. */
export const clipByNorm = <G>(grads: G, limit: number | Tensor): G =>
  treeMap((g) => (isFloat(g) ? g.mul(factor(sumOfSquares(g).sqrt(), limit)).cast(g.dtype) : g), grads);

/** Gradients with every element held in -limit..limit. */
export const clipByValue = <G>(grads: G, limit: number): G =>
  treeMap((g) => (isFloat(g) ? g.clip({ min: -limit, max: limit }) : g), grads);
