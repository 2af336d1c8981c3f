// Reductions over rows with the elementwise work around them.
import { arange, getDevice, layerNorm, type Tensor } from "../../mod.ts";
import { type Bench, fusedAndUnfused } from "../bench.ts";

export const openDevice = getDevice;

const shapes: readonly [number, number][] = [
  [6304, 384],
  [4096, 197],
  [64, 65_536],
];

const families: Record<string, (x: Tensor) => Tensor> = {
  sum: (x) => x.sum({ axis: 1 }),
  softmax: (x) => x.softmax(),
  "layer norm": (x) => layerNorm(x, [x.shape[1] as number]),
  "column sum": (x) => x.sum({ axis: 0 }),
};

export const benches: readonly Bench[] = shapes.flatMap(([rows, columns]) =>
  Object.entries(families).map(
    ([name, f]): Bench => ({
      name: `rows ${name} ${rows}x${columns}`,
      shape: { rows, columns },
      variants: fusedAndUnfused(
        (x) => f(x as Tensor),
        () => [
          arange(rows * columns)
            .cast("f32")
            .mul(1e-6)
            .reshape([rows, columns]),
        ],
      ),
    }),
  ),
);
