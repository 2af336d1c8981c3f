import { describe, expect, test } from "vitest";
import type { ImageCollection } from "../../../data/collection.ts";
import type { ImageSet } from "../../../data/images.ts";
import { adapters } from "../../../models/scatsimclr/presets.ts";
import { autoRecipe, fittedBatch } from "../../../training/job/auto.ts";
import { changedRecipe, checkRecipe, RecipeError } from "../../../training/job/change-recipe.ts";
import { descriptionOf } from "../../../training/job/method-of.ts";
import { emojiPairs } from "../../../training/job/pairs.ts";
import { prepared, shrunkImages } from "../../../training/job/prepare.ts";
import { presets } from "../../../training/job/presets.ts";

describe("a recipe", () => {
  const { recipe } = presets["emoji-nano"];

  test("is changed by texts", () => {
    expect(changedRecipe(recipe, { data: "x" })).toEqual(recipe);
    const changed = changedRecipe(recipe, { epochs: "2", width: "16", rate: "1e-4", seed: "0" });
    expect(changed).toEqual({
      ...{ ...recipe, epochs: 2, rate: 1e-4, seed: 0 },
      adapter: { stem: 32, stages: [{ width: 16, blocks: 1 }] },
    });
    expect(changedRecipe(recipe, { blocks: "0" }).adapter.stages).toEqual([]);
    const plain = presets.quick.recipe;
    expect(changedRecipe(plain, { width: "8" }).adapter.stages).toEqual([{ width: 8, blocks: 1 }]);
    expect(changedRecipe(plain, { blocks: "2" }).adapter.stages).toEqual([{ width: 64, blocks: 2 }]);
  });

  test("knows statistics of as many channels as it was made for", () => {
    const statistics = (channels: number) => {
      const set = {
        count: 2,
        height: 32,
        width: 32,
        channels,
        data: new Uint8Array(2048 * channels).fill(51),
      };
      return descriptionOf(presets["cifar-nano"].recipe, set, {}).statistics;
    };
    expect(statistics(3)).toEqual(presets["cifar-nano"].recipe.statistics);
    expect(statistics(5).std).toEqual([1, 1, 1, 1, 1]);
    for (const mean of statistics(5).mean) expect(mean).toBeCloseTo(0.2);
  });

  test.each([
    [{ epochs: "" }, '--epochs is ""'],
    [{ epochs: "1e99" }, "--epochs"],
    [{ rate: "-1" }, "a number above 0"],
    [{ temperature: "Infinity" }, "a number above 0"],
  ])("refuses %j", (given, words) => {
    expect(() => changedRecipe(recipe, given)).toThrow(RecipeError);
    expect(() => changedRecipe(recipe, given)).toThrow(words);
  });

  test("is held against the images", () => {
    const size = (count: number, side: number) => ({ count, height: side, width: side });
    checkRecipe(recipe, size(100, 4));
    expect(() => checkRecipe(recipe, size(99, 32))).toThrow("99 images are no batch of 100: give --batch 99");
    expect(() => checkRecipe(recipe, size(1, 32))).toThrow("1 image is too few");
    expect(() => checkRecipe(recipe, size(100, 3))).toThrow("images of 3 x 3 are too small for 2 scales");
    expect(() => checkRecipe({ ...recipe, view: 5, scales: 3 }, size(100, 32))).toThrow("views of 5");
  });
});

describe("the recipe for a machine", () => {
  test("is small without a GPU, whatever the images", () => {
    const { preset, recipe } = autoRecipe({ images: 2616, side: 32, gpu: false });
    expect(preset).toBe("quick");
    expect(recipe).toEqual(presets.quick.recipe);
    expect(autoRecipe({ images: 50_000, side: 32, gpu: false }).recipe.epochs).toBe(1);
    expect(autoRecipe({ images: 50, side: 32, gpu: false }).recipe).toMatchObject({ epochs: 30, batch: 50 });
  });

  test("grows with the images on a GPU", () => {
    const on = (images: number, side: number) => autoRecipe({ images, side, gpu: true });
    expect(on(500, 32)).toMatchObject({ preset: "nano", recipe: { epochs: 200 } });
    expect(on(10_000, 96)).toMatchObject({ preset: "small", recipe: { epochs: 100 } });
    expect(on(100_000, 96)).toMatchObject({ preset: "scatsimclr8", recipe: { epochs: 10 } });
    expect(on(100_000, 96).recipe).toMatchObject({ adapter: adapters.scatsimclr8 });
  });

  test("has no more in a batch than there are images", () => {
    expect(fittedBatch(presets.nano.recipe, 1).batch).toBe(2);
    expect(fittedBatch(presets.nano.recipe, 1).rate).toBeCloseTo(presets.nano.recipe.rate / 50, 12);
    expect(fittedBatch(presets.nano.recipe, 1, true).rate).toBe(presets.nano.recipe.rate);
    expect(fittedBatch(presets["dino-nano"].recipe, 1).rate).toBe(presets["dino-nano"].recipe.rate);
    expect(fittedBatch(presets.nano.recipe, 1000).batch).toBe(100);
  });
});

describe("images for a recipe", () => {
  const images = (count: number, side: number, channels = 1): ImageSet => ({
    ...{ count, height: side, width: side, channels },
    data: Uint8Array.from({ length: count * side * side * channels }, (_, i) => (i * 7) % 256),
  });
  const collection = (set: ImageSet): ImageCollection => ({
    name: "set",
    images: set,
    names: Array.from({ length: set.count }, (_, i) => `image ${i}`),
    labels: Int32Array.from({ length: set.count }, (_, i) => i % 2),
    classes: ["a", "b"],
    skipped: [],
  });

  test("are the first ones, shrunk by whole factors", () => {
    const recipe = { ...presets.nano.recipe, firstTrain: 3, firstTest: null, side: 4 };
    const { train, test } = prepared(
      { train: collection(images(5, 9)), test: collection(images(2, 8)) },
      recipe,
    );
    expect(train.images).toMatchObject({ count: 3, height: 4, width: 4 });
    expect(train.names).toEqual(["image 0", "image 1", "image 2"]);
    expect([...(train.labels ?? [])]).toEqual([0, 1, 0]);
    expect(test?.images).toMatchObject({ count: 2, height: 4, width: 4 });
    expect(prepared({ train, test: null }, { ...recipe, side: null }).test).toBeNull();
  });

  test("are means of blocks, colour by colour", () => {
    const large = images(2, 6, 3);
    const small = shrunkImages(large, 3);
    expect(small).toMatchObject({ height: 3, width: 3, channels: 3 });
    const at = (i: number, y: number, x: number, c: number) => large.data[((i * 6 + y) * 6 + x) * 3 + c]!;
    const mean = (at(1, 2, 4, 2) + at(1, 2, 5, 2) + at(1, 3, 4, 2) + at(1, 3, 5, 2)) / 4;
    expect(small.data[((1 * 3 + 1) * 3 + 2) * 3 + 2]).toBe(Math.round(mean));
    expect(shrunkImages(large, 4)).toBe(large);
  });

  test("of emoji come in pairs by their names", () => {
    const emoji = (names: string[]) => ({ ...collection(images(names.length, 4)), name: "emoji", names });
    const pairs = emojiPairs(emoji(["noto cat", "noto dog", "twemoji dog", "twemoji cat", "twemoji cow"]));
    expect(pairs).toMatchObject({ first: [2, 3], second: [1, 0] });
    expect(emojiPairs(emoji(["noto cat", "twemoji cat"]))).toBeNull();
    expect(emojiPairs({ ...emoji(["noto cat", "noto dog"]), name: "other" })).toBeNull();
  });
});
