import { beforeAll, expect, test } from "vitest";
import { configureDevice, treeLeaves } from "../../mod.ts";
import { describeEncoder, emptyModel } from "../../training/encoder-file.ts";
import { modelKey } from "../../training/methods/contrastive.ts";
import { startOf } from "../../training/pretrain.ts";
import { startingKey } from "../../training/run/run-plan.ts";
import { nodeGPU } from "../support/host.ts";
import { tinyMethod } from "./tiny.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

test("a description and a seed give the model that the run started from", async () => {
  const description = describeEncoder(
    {
      ...{ scattering: { J: 1, L: 4 }, size: [8, 8], channels: 3, hidden: 8, out: 8 },
      adapter: { stem: 4, stages: [{ width: 4, blocks: 1 }] },
      statistics: { mean: [0.5, 0.5, 0.5], std: [0.3, 0.3, 0.3] },
    },
    {},
  );
  const weights = (model: unknown) =>
    Promise.all(treeLeaves(model).map(async ({ path, value }) => [path, Array.from(await value.data())]));
  const started = await weights(startOf(tinyMethod(), 3).model);
  const again = await weights(emptyModel(description, modelKey(startingKey(3))));
  expect(started.length).toBeGreaterThan(5);
  expect(again).toEqual(started);
});
