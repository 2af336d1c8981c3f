import { beforeAll } from "vitest";
import { configureDevice, key } from "../../mod.ts";
import { esVit } from "../../training/methods/esvit.ts";
import { nodeGPU } from "../support/host.ts";
import { goldenTest } from "./golden-file.ts";
import type { SwinConfig } from "./swin-config.ts";
import { followTrajectory, methodOptions } from "./trajectory.ts";
import { configOf } from "./vit-config.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

goldenTest(
  "esvit/train5",
  "EsViT: five steps",
  async (file) => {
    const { swin, head } = configOf<{
      swin: SwinConfig;
      head: { hidden: number; bottleneck: number; out: number };
    }>(file);
    const { dim: width, depths, heads, window, patch, img: imageSize } = swin;
    const network = { width, depths, heads, window, patch, imageSize, projection: head };
    const method = esVit({ ...methodOptions(file), network });
    await followTrajectory(file, method, method.start(key(0)), {
      metrics: { viewLoss: "out.view_loss", regionLoss: "out.region_loss" },
      centers: ["center", "center_grid"],
    });
  },
  300,
);
