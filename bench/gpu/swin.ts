// A training step of Swin-T on 16 images of 224x224: the mean of its regions through a linear layer, cross entropy, AdamW.
import { key, normal } from "../../mod.ts";
import { Linear } from "../../models/nn/mod.ts";
import { SwinTransformer } from "../../models/swin/mod.ts";
import type { Bench, Subject } from "../bench.ts";
import { rounds, swin } from "./sizes.ts";
import { crossEntropy, someTargets, trainingSubject } from "./training.ts";

export { openDevice } from "./device.ts";

async function subject(): Promise<Subject> {
  const { batch, classes, ...sizes } = swin;
  const images = normal(key(7), [batch, 3, swin.imageSize, swin.imageSize]).evaluate();
  const targets = someTargets(batch, classes);
  const body = new SwinTransformer({ key: key(1), ...sizes });
  const head = new Linear({ key: key(2), inFeatures: body.width, outFeatures: classes });
  return trainingSubject("swin", { body, head }, (model, mode) =>
    crossEntropy(model.head.forward(model.body.view(images, mode)), targets),
  );
}

export const benches: readonly Bench[] = [
  {
    name: "swin step",
    shape: { width: swin.width, depths: swin.depths.join("-"), imageSize: swin.imageSize, batch: swin.batch },
    variants: { float32: subject },
    rounds,
  },
];
