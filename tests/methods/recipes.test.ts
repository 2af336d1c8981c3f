// What follows from a recipe without a step.
import { beforeAll, describe, expect, test } from "vitest";
import { configureDevice, key } from "../../mod.ts";
import { VisionTransformer } from "../../models/vit/vit.ts";
import { startedAs } from "../../training/encoders/starting-weights.ts";
import { changedRecipe } from "../../training/job/change-recipe.ts";
import { viewRecipes } from "../../training/job/method-of.ts";
import { cropSizes, shortened } from "../../training/job/methods/distillation.ts";
import { presets } from "../../training/job/presets.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const published = presets["dino-vits16"].recipe;

test("phases of the papers keep their epochs in long runs and are parts of short ones", () => {
  expect(shortened(published)).toMatchObject({ warmupEpochs: 10, freezeEpochs: 1 });
  expect(shortened({ ...published, epochs: 5 })).toMatchObject({ warmupEpochs: 0.5, freezeEpochs: 0.05 });
  const { recipe } = presets["esvit-swint"];
  expect(shortened(recipe).teacherTemperature).toEqual({ from: 0.04, to: 0.07, epochs: 30 });
  expect(shortened({ ...recipe, epochs: 10 }).teacherTemperature.epochs).toBe(3);
});

test("crops have their sizes, or follow the images", () => {
  const images = { height: 32, width: 48, channels: 3 };
  const { crops } = published;
  expect(cropSizes(crops, images)).toEqual([
    [224, 224],
    [96, 96],
  ]);
  expect(cropSizes({ ...crops, large: null, small: null }, images)).toEqual([
    [32, 48],
    [14, 21],
  ]);
});

describe("views that a report shows", () => {
  test("are those of the crops, each with its own probabilities", () => {
    const views = viewRecipes(published);
    expect(views).toHaveLength(10);
    expect(views.map(({ blur }) => blur?.probability)).toEqual([1, 0.1, ...Array(8).fill(0.5)]);
    expect(views.slice(0, 3).map(({ solarise }) => solarise)).toEqual([0, 0.2, undefined]);
    expect(views[9]?.crop.area).toEqual([0.05, 0.4]);
  });

  test("are mild for small images", () => {
    const views = viewRecipes(presets["dino-nano"].recipe);
    expect(views).toHaveLength(4);
    for (const view of views) expect(view).toMatchObject({ grey: 0.1, crop: { filter: "linear" } });
    for (const view of views) expect([view.blur, view.solarise]).toEqual([undefined, undefined]);
  });
});

test("flags change what a method has, by one name", () => {
  const { recipe } = presets["selfpatch-nano"];
  const given = { width: "96", blocks: "3", heads: "3", patch: "4", locals: "0", view: "24", out: "64" };
  expect(changedRecipe(recipe, given)).toMatchObject({
    vit: { width: 96, depth: 3, heads: 3, patch: 4 },
    crops: { count: 0, large: 24 },
    head: { hidden: recipe.head.hidden, out: 64 },
  });
  const warm = changedRecipe(recipe, { temperature: "0.07", momentum: "0.9", decay: "0.1" });
  expect(warm.teacherTemperature).toEqual({ from: 0.04, to: 0.07, epochs: 0 });
  expect(warm).toMatchObject({ momentum: [0.9, 1], weightDecay: [0.1, 0.1] });
});

test("narrow transformers start with layers that keep the size of what goes in", async () => {
  const published = new VisionTransformer({
    key: key(0),
    width: 64,
    depth: 1,
    heads: 2,
    patch: 8,
    imageSize: 32,
  });
  const even = startedAs("even", published);
  const deviation = async (x: { data(): Promise<ArrayLike<number>> }) => {
    const values = Array.from(await x.data());
    return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  };
  const layer = (model: VisionTransformer) => model.blocks[0]!.mlp;
  expect(await deviation(layer(published).fc1.weight)).toBeCloseTo(0.02, 3);
  expect(await deviation(layer(even).fc1.weight)).toBeCloseTo(1 / 8, 2);
  expect(await deviation(layer(even).fc2.weight)).toBeCloseTo(1 / 16, 2);
  expect(await deviation(even.pos_embed)).toBeCloseTo(await deviation(published.pos_embed), 6);
  expect(startedAs("published", published)).toBe(published);
});
