import { beforeAll } from "vitest";
import { configureDevice, key } from "../../mod.ts";
import { dino } from "../../training/methods/dino.ts";
import { nodeGPU } from "../support/host.ts";
import { goldenTest } from "./golden-file.ts";
import { followTrajectory, methodOptions } from "./trajectory.ts";
import { configOf, type VitConfig } from "./vit-config.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

goldenTest(
  "dino/train5",
  "DINO: five steps",
  async (file) => {
    const { vit, head } = configOf<{
      vit: VitConfig;
      head: { hidden: number; bottleneck: number; out: number };
    }>(file);
    const { dim: width, depth, heads, patch, img: imageSize } = vit;
    const network = { backbone: { width, depth, heads, patch, imageSize }, head };
    const method = dino({ ...methodOptions(file), network });
    await followTrajectory(file, method, method.start(key(0)), { metrics: {}, centers: ["center"] });
  },
  300,
);
