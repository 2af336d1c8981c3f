// Contractions: squares, and those of a vision transformer with a few images.
import { arange, getDevice, type Tensor } from "../../mod.ts";
import { type Bench, kernelSubject } from "../bench.ts";

export const openDevice = getDevice;

const matrix = (rows: number, columns: number): Tensor =>
  arange(rows * columns)
    .cast("f32")
    .mul(1e-6)
    .sin()
    .reshape([rows, columns]);

/** m, n and k of a product, and which operand comes transposed. */
const shapes: readonly [number, number, number, "nn" | "nt" | "tn"][] = [
  [256, 256, 256, "nn"],
  [512, 512, 512, "nn"],
  [1024, 1024, 1024, "nn"],
  [788, 1152, 384, "nt"],
  [788, 384, 1536, "nt"],
  [384, 1536, 788, "tn"],
  [197, 197, 64, "nt"],
];

export const benches: readonly Bench[] = shapes.map(([m, n, k, kind]) => ({
  name: `matmul ${m}x${n}x${k} ${kind}`,
  shape: { m, n, k, kind },
  variants: {
    plain: () =>
      kernelSubject(
        (a, b) => {
          const left = kind === "tn" ? (a as Tensor).transpose() : (a as Tensor);
          return left.matmul(kind === "nt" ? (b as Tensor).transpose() : (b as Tensor));
        },
        [kind === "tn" ? matrix(k, m) : matrix(m, k), kind === "nt" ? matrix(n, k) : matrix(k, n)],
      ),
  },
}));
