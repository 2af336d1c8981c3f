// A training step of ViT-S/16 on 32 images of 224x224: its class token through a linear layer, cross entropy, AdamW.
import { key, normal } from "../../mod.ts";
import { Linear } from "../../models/nn/mod.ts";
import { classToken, VisionTransformer } from "../../models/vit/mod.ts";
import type { Bench, Subject } from "../bench.ts";
import { rounds, vit } from "./sizes.ts";
import { crossEntropy, someTargets, trainingSubject } from "./training.ts";

export { openDevice } from "./device.ts";

async function subject(): Promise<Subject> {
  const { batch, classes, ...sizes } = vit;
  const images = normal(key(7), [batch, 3, vit.imageSize, vit.imageSize]).evaluate();
  const targets = someTargets(batch, classes);
  const model = {
    body: new VisionTransformer({ key: key(1), ...sizes }),
    head: new Linear({ key: key(2), inFeatures: vit.width, outFeatures: classes }),
  };
  return trainingSubject("vit", model, ({ body, head }) =>
    crossEntropy(head.forward(classToken(body, images)), targets),
  );
}

export const benches: readonly Bench[] = [
  {
    name: "vit step",
    shape: { width: vit.width, depth: vit.depth, imageSize: vit.imageSize, batch: vit.batch },
    variants: { float32: subject },
    rounds,
  },
];
