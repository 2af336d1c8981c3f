// The tasks that the library is held against others in, each at the size that docs and issues name.
import { conv2d, getDevice, layerNorm, type Tensor, where } from "../../mod.ts";
import { type Bench, kernelSubject, values } from "../bench.ts";

export const openDevice = getDevice;

const task = (name: string, f: (...xs: Tensor[]) => Tensor, ...shapes: number[][]): Bench => ({
  name,
  shape: { inputs: shapes.map((s) => s.join("x")).join(" ") },
  variants: {
    plain: () =>
      kernelSubject(
        f,
        shapes.map((s) => values(...s)),
        { repeats: 1 },
      ),
  },
});

const product = (a?: Tensor, b?: Tensor): Tensor => (a as Tensor).matmul(b as Tensor);
const million = 1 << 20;

export const benches: readonly Bench[] = [
  task("matmul 256^3", product, [256, 256], [256, 256]),
  task("matmul 512^3", product, [512, 512], [512, 512]),
  task("matmul 1024^3", product, [1024, 1024], [1024, 1024]),
  task("batched matmul", product, [24, 197, 64], [24, 64, 197]),
  task("batched matmul transposed", (a, b) => product(a, b?.transpose(-1, -2)), [24, 197, 64], [24, 197, 64]),
  task("batched matmul odd depth", product, [24, 197, 197], [24, 197, 64]),
  task(
    "chain",
    (a) => {
      const x = a as Tensor;
      return where(x.greater(0.3), x.mul(2).add(1).exp(), x.neg().tanh().mul(x)).sub(x).relu().sqrt();
    },
    [4 * million],
  ),
  task("add", (a, b) => (a as Tensor).add(b as Tensor), [4 * million], [4 * million]),
  task("softmax", (x) => (x as Tensor).softmax(), [4096, 256]),
  task(
    "layer norm",
    (x, g, b) => layerNorm(x as Tensor, [384], { weight: g, bias: b }),
    [4096, 384],
    [384],
    [384],
  ),
  task("sum", (x) => (x as Tensor).sum(), [4 * million]),
  task(
    "conv 3x3",
    (x, w) => conv2d(x as Tensor, w as Tensor, { padding: 1 }),
    [8, 64, 32, 32],
    [64, 64, 3, 3],
  ),
  task(
    "conv 7x7/2",
    (x, w) => conv2d(x as Tensor, w as Tensor, { padding: 3, stride: 2 }),
    [2, 3, 224, 224],
    [64, 3, 7, 7],
  ),
];
