// What linear classifiers see of the encoders of each method, by the protocols of the papers.
import { beforeAll, expect, test } from "vitest";
import { configureDevice, key, type Tensor, zeros } from "../../mod.ts";
import { SelfPatchEncoder, SwinTransformer, VisionTransformer } from "../../models/mod.ts";
import { dinoEncoder } from "../../training/encoders/dino.ts";
import { esVitEncoder } from "../../training/encoders/esvit.ts";
import { selfPatchEncoder } from "../../training/encoders/selfpatch.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

// Nothing is computed: shapes are known before.
const images = zeros([2, 3, 32, 32]);
const [root, side] = [key(0), { patch: 8, imageSize: 32 }];
const shapeOf = (x: Tensor | undefined) => x?.shape;

test("DINO: the class tokens of four blocks, and with the width of ViT-B the last one and the mean patch", () => {
  const small = new VisionTransformer({ key: root, ...side, width: 8, depth: 5, heads: 2 });
  expect(shapeOf(dinoEncoder.probe?.(small, images))).toEqual([2, 4 * 8]);
  const base = new VisionTransformer({ key: root, ...side, width: 768, depth: 5, heads: 12 });
  expect(shapeOf(dinoEncoder.probe?.(base, images))).toEqual([2, 2 * 768]);
});

test("EsViT: the mean regions of four blocks, of whatever stages", () => {
  const sizes = { width: 8, depths: [1, 3, 2], heads: [1, 2, 4], window: 2, patch: 2, imageSize: 32 };
  const swin = new SwinTransformer({ key: root, ...sizes });
  expect(shapeOf(esVitEncoder.probe?.(swin, images))).toEqual([2, 2 * 16 + 2 * 32]);
});

test("SelfPatch: the summary, and the mean patches of four blocks", () => {
  const backbone = { ...side, width: 8, depth: 5, heads: 2 };
  const encoder = new SelfPatchEncoder({ key: root, backbone });
  expect(shapeOf(selfPatchEncoder.probe?.(encoder, images))).toEqual([2, 5 * 8]);
});
