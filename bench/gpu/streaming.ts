// Kernels that memory bounds, each on 64 MB or more: larger than the caches of all but the largest GPUs.
import { key, layerNorm, normal, type Tensor } from "../../mod.ts";
import { type Bench, kernelSubject } from "../bench.ts";
import { rounds, streaming } from "./sizes.ts";

export { openDevice } from "./device.ts";

const families: Record<keyof typeof streaming, { inputs: number; f: (...xs: Tensor[]) => Tensor }> = {
  add: { inputs: 2, f: (a, b) => (a as Tensor).add(b as Tensor) },
  softmax: { inputs: 1, f: (x) => (x as Tensor).softmax() },
  "layer norm": { inputs: 1, f: (x) => layerNorm(x as Tensor, [x?.shape[1] as number]) },
};

export const benches: readonly Bench[] = (Object.keys(families) as (keyof typeof streaming)[]).map((name) => {
  const { inputs, f } = families[name];
  const { rows, columns } = streaming[name];
  return {
    name: `streaming ${name}`,
    shape: { rows, columns },
    variants: {
      float32: () =>
        kernelSubject(
          f,
          Array.from({ length: inputs }, (_, i) => normal(key(i), [rows, columns])),
          { repeats: 16 },
        ),
    },
    rounds,
  };
});
