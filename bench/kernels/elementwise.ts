// Kernels that read and write each element once: bounded by memory.
import { arange, getDevice, type Tensor, where } from "../../mod.ts";
import { type Bench, fusedAndUnfused } from "../bench.ts";

export const openDevice = getDevice;

const n = 1 << 22;
const vector = (shape: number[] = [n]): Tensor => arange(n).cast("f32").mul(1e-6).reshape(shape);

const bench = (name: string, f: (...xs: Tensor[]) => Tensor, inputs: () => Tensor[]): Bench => ({
  name: `elementwise ${name}`,
  shape: { n },
  variants: fusedAndUnfused(f, inputs),
});

export const benches: readonly Bench[] = [
  bench(
    "add",
    (a, b) => (a as Tensor).add(b as Tensor),
    () => [vector(), vector()],
  ),
  bench(
    "chain of ten",
    (a) => {
      const x = a as Tensor;
      return where(x.greater(1), x.mul(2).add(1).exp(), x.neg().tanh().mul(x)).sub(x).relu().sqrt();
    },
    () => [vector()],
  ),
  bench(
    "row broadcast",
    (a, b) => (a as Tensor).mul(b as Tensor),
    () => [vector([n / 512, 512]), arange(512).cast("f32")],
  ),
  bench(
    "transpose",
    (a) => (a as Tensor).transpose().add(0.5),
    () => [vector([2048, 2048])],
  ),
];
