import { beforeAll } from "vitest";
import { configureDevice, key } from "../../mod.ts";
import { selfPatch } from "../../training/methods/selfpatch.ts";
import { nodeGPU } from "../support/host.ts";
import { goldenTest } from "./golden-file.ts";
import { followTrajectory, methodOptions } from "./trajectory.ts";
import { configOf, type VitConfig } from "./vit-config.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

goldenTest(
  "selfpatch/train5",
  "SelfPatch: five steps",
  async (file) => {
    const {
      vit,
      head,
      patch_out: patchOut,
    } = configOf<{
      vit: VitConfig;
      head: { hidden: number; bottleneck: number; out: number };
      patch_out: number;
    }>(file);
    const { dim: width, depth, heads, patch, img: imageSize } = vit;
    const network = { backbone: { width, depth, heads, patch, imageSize }, head, patchOut };
    const method = selfPatch({ ...methodOptions(file), network });
    await followTrajectory(file, method, method.start(key(0)), {
      metrics: { classLoss: "out.class_loss", patchLoss: "out.patch_loss" },
      centers: ["center", "patch_center"],
    });
  },
  300,
);
