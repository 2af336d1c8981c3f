import { beforeAll, expect, test } from "vitest";
import { configureDevice, treeLeaves } from "../../mod.ts";
import { emptyModel } from "../../training/encoder-file.ts";
import { descriptionOf, encoderIn, methodOf } from "../../training/job/method-of.ts";
import { modelKey } from "../../training/methods/contrastive.ts";
import { startOf } from "../../training/pretrain.ts";
import { startingKey } from "../../training/run/run-plan.ts";
import { methodNames, tinyRecipes } from "../methods/tiny.ts";
import { nodeGPU } from "../support/host.ts";
import { stripes } from "./tiny.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const images = stripes(4, 16);
const weights = (model: unknown) =>
  Promise.all(treeLeaves(model).map(async ({ path, value }) => [path, Array.from(await value.data())]));

test.each(methodNames)(
  "%s: a description and a seed give the encoder that the run started from",
  async (name) => {
    const recipe = tinyRecipes[name];
    const description = descriptionOf(recipe, images, {});
    const started = await weights(encoderIn(startOf(methodOf(recipe, images), 3), description).model);
    const again = await weights(emptyModel(description, modelKey(startingKey(3))));
    expect(started.length).toBeGreaterThan(5);
    expect(again).toEqual(started);
  },
);
