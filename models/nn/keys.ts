import { foldIn, type Tensor } from "../../mod.ts";

/**
 * A source of random keys, each another one, that are all made from `key`.
 *
 * @example
 *   const next = keyStream(key(0));
 *   const mlp = new Sequential([
 *     new Linear({ key: next(), inFeatures: 784, outFeatures: 256 }),
 *     new ReLU(),
 *     new Linear({ key: next(), inFeatures: 256, outFeatures: 10 }),
 *   ]);
 */
export function keyStream(key: Tensor): () => Tensor {
  let drawn = 0;
  return () => foldIn(key, drawn++);
}
