// The scattering transform of a batch of images, and the kernels and bytes that its plan has.
import { arange, compile, explain, getDevice, type Tensor } from "../../mod.ts";
import { scattering2d } from "../../models/scattering/scattering2d.ts";
import { type Bench, type Subject, timeToIdle } from "../bench.ts";

export const openDevice = getDevice;

/** Images, rows and columns, scales, angles. */
const shapes: readonly [images: number, size: number, J: number, L: number][] = [
  [96, 32, 2, 4],
  [24, 32, 2, 8],
  [12, 32, 2, 16],
  [2, 96, 2, 16],
  [1, 224, 3, 8],
];

async function subject([images, size, J, L]: (typeof shapes)[number]): Promise<Subject> {
  const device = await getDevice();
  const x = arange(images * size * size)
    .cast("f32")
    .mul(0.37)
    .sin()
    .reshape([images, size, size])
    .evaluate();
  const run = compile((x: Tensor) => scattering2d({ J, L, shape: [size, size] })(x));
  const tracing = performance.now();
  run(x).dispose();
  await device.idle();
  const first = performance.now() - tracing;
  const { dispatches, flops, bytesMoved, peakBytes } = explain(run, x);
  return {
    round: () => timeToIdle(device, () => run(x).dispose()),
    numbers: (median) => ({
      "ms per image": median / images,
      "first ms": first,
      dispatches,
      "GFLOP/s": flops / median / 1e6,
      bytesMoved,
      peakBytes,
    }),
  };
}

export const benches: readonly Bench[] = shapes.map((shape) => ({
  name: `scattering of ${shape[0]} at ${shape[1]}, J ${shape[2]}, L ${shape[3]}`,
  shape: { images: shape[0], size: shape[1], J: shape[2], L: shape[3] },
  variants: { transform: () => subject(shape) },
  rounds: 5,
}));
