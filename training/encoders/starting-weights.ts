import { mapPaths } from "../../models/nn/tree-paths.ts";

/**
 * How a transformer starts: as "published", with deviations of 0.02 in all linear layers, or "even": each layer keeps
 * the size of what goes in. The published one suits widths of 384 and more. In narrow networks it leaves next to nothing of
 * the images behind a few layers, and the first updates of the biases, which an optimiser like Adam makes as large as the rate,
 * bury that.
 */
export type StartingWeights = "published" | "even";

const PUBLISHED = 0.02;

/** A network, of layers that started with the published deviations, as it starts otherwise. */
export function startedAs<M>(start: StartingWeights, network: M): M {
  if (start === "published") return network;
  return mapPaths(network, (leaf, path) => {
    const [outputs = 0, inputs = 0, ...more] = leaf.shape;
    if (!path.endsWith(".weight") || more.length > 0 || inputs === 0 || outputs === 0) return leaf;
    return leaf.mul(Math.max(1, 1 / (PUBLISHED * Math.sqrt(inputs))));
  });
}
