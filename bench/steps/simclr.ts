// One step of SimCLR with Adam: a residual network of 16, 32 and 64 channels on 64 images of 32x32x3 in two views.

import { ntXent } from "../../losses/mod.ts";
import { getDevice, key, normal, type Tensor, valueAndGrad } from "../../mod.ts";
import { trainMode } from "../../models/nn/mod.ts";
import { SimClr } from "../../models/resnet/simclr.ts";
import { adam } from "../../training/optim/adam.ts";
import { type Bench, type Subject, stepSubject } from "../bench.ts";

export const openDevice = getDevice;

const IMAGES = 64;
const network = {
  block: "basic",
  stem: { width: 16, kernelSize: 3, stride: 1, pool: false },
  stages: [16, 32, 64].map((planes, i) => ({ planes, blocks: 1, stride: i === 0 ? 1 : 2 })),
} as const;

async function subject(): Promise<Subject> {
  const views = normal(key(7), [2 * IMAGES, 3, 32, 32]).evaluate();
  const optimiser = adam();
  const model = new SimClr({ key: key(1), network, out: 64 });
  return stepSubject(
    { model, optim: optimiser.init(model) },
    ({ model: m, optim }) => {
      const { value, grads, aux } = valueAndGrad((each: SimClr) => {
        const mode = trainMode();
        const [a, b] = each.forward(views, mode).z.split(2) as [Tensor, Tensor];
        return { loss: ntXent(a, b, { temperature: 0.5 }), aux: mode };
      })(m);
      const { params, state } = optimiser.step(m, grads, optim);
      return { state: { model: aux.apply(params), optim: state }, loss: value };
    },
    "simclr",
  );
}

export const benches: readonly Bench[] = [
  {
    name: "simclr",
    shape: { images: IMAGES, views: 2, channels: "16-32-64", size: 32 },
    variants: { step: subject },
    rounds: 5,
  },
];
