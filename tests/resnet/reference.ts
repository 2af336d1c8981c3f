// Residual networks in the layout of torchvision against the reference files.
import { crossEntropy } from "../../losses/mod.ts";
import { key } from "../../mod.ts";
import { ResNet, type ResNetShape } from "../../models/mod.ts";
import type { Golden } from "../golden/golden-file.ts";
import { compareStep } from "../golden/step.ts";

interface FileConfig {
  readonly block: "basic" | "bottleneck" | "se_resnext";
  readonly layers: readonly number[];
  readonly planes: readonly number[];
  readonly planes0: number;
  readonly nclass: number;
  readonly pool?: boolean;
  readonly stem: readonly [kernelSize: number, stride: number, padding: number];
  readonly strides: readonly number[];
  readonly groups?: number;
  readonly se?: number;
}

function shapeOf({
  block,
  layers,
  planes,
  planes0,
  pool,
  stem,
  strides,
  groups,
  se,
}: FileConfig): ResNetShape {
  return {
    block: block === "se_resnext" ? "seResNext" : block,
    stem: { width: planes0, kernelSize: stem[0], stride: stem[1], pool: pool ?? false },
    stages: planes.map((planes, i) => ({
      planes,
      blocks: layers[i] as number,
      stride: strides[i] as number,
    })),
    ...(groups ? { groups } : {}),
    ...(se ? { reduction: se } : {}),
  };
}

/** One training step and one evaluation of the network that a file describes. */
export async function compareResNet(golden: Golden): Promise<void> {
  const config = JSON.parse(golden.metadata.config as string) as FileConfig;
  const [, channels = 0] = golden.array("input/x").shape;
  const blank = new ResNet({ ...shapeOf(config), key: key(0), channels, classes: config.nclass });
  await compareStep(golden, {
    blank,
    run: (model, images, mode) => {
      const logits = model.forward(images, mode);
      return { loss: crossEntropy(logits, golden.tensor("input/labels")), logits };
    },
  });
}
