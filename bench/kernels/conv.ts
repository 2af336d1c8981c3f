// Convolutions of small networks, forward and with respect to weights and images.
import { conv2d, getDevice, grad, type Tensor } from "../../mod.ts";
import { type Bench, kernelSubject, values } from "../bench.ts";

export const openDevice = getDevice;

/** Images, channels in and out, size, kernel, stride. */
const shapes: readonly [number, number, number, number, number, number][] = [
  [8, 16, 32, 32, 3, 1],
  [8, 32, 64, 16, 3, 2],
  [8, 64, 64, 16, 1, 1],
];

export const benches: readonly Bench[] = shapes.flatMap(([images, from, to, size, kernel, stride]) => {
  const inputs = () => [values(images, from, size, size), values(to, from, kernel, kernel)];
  const f = (x: Tensor, w: Tensor) => conv2d(x, w, { stride, padding: (kernel - 1) / 2 });
  const passes: Record<string, (x: Tensor, w: Tensor) => Tensor> = {
    forward: f,
    "by image": (x, w) => grad((y: Tensor) => f(y, w).sum())(x),
    "by weight": (x, w) => grad((v: Tensor) => f(x, v).sum())(w),
  };
  return Object.entries(passes).map(
    ([name, pass]): Bench => ({
      name: `conv ${name} ${from}-${to} ${kernel}x${kernel}/${stride} at ${size}`,
      shape: { images, from, to, size, kernel, stride },
      variants: { fused: () => kernelSubject((x, w) => pass(x as Tensor, w as Tensor), inputs()) },
    }),
  );
});
