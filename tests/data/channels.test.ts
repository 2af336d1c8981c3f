// Images whose channels are neither grey nor colours.
import { beforeAll, describe, expect, test } from "vitest";
import { multiCrop } from "../../data/augment/multi-crop.ts";
import { randomView } from "../../data/augment/random-view.ts";
import { dinoRecipe, scatSimClrRecipe } from "../../data/augment/recipe.ts";
import { type OpenOptions, openImages } from "../../data/open-images.ts";
import { compile, configureDevice, key, type Tensor, tensor } from "../../mod.ts";
import { distance } from "../support/distance.ts";
import { nodeGPU } from "../support/host.ts";
import { idxFile, npyFile } from "./array-files.ts";
import { plainPng } from "./png-files.ts";

const counting = (length: number) => Uint8Array.from({ length }, (_, i) => i % 251);

function open(files: Readonly<Record<string, Uint8Array>>, options?: OpenOptions) {
  const given = Object.entries(files).map(([name, bytes]) => ({ name, bytes: async () => bytes }));
  return openImages(given, options);
}

const idx = (_: string, sizes: readonly number[], data: Uint8Array) => idxFile(sizes, data);

/** An array file of images `[count, 6, 7, channels]`. */
const array = (count: number, channels: number, values = counting(count * 42 * channels)) =>
  npyFile("|u1", [count, 6, 7, channels], values);

describe("arrays of many channels", () => {
  test.each([5, 6, 12, 200])("%i of them are taken as they are, last or first", async (channels) => {
    const values = counting(2 * 64 * channels);
    const form = { count: 2, height: 8, width: 8, channels };
    for (const file of [npyFile, idx]) {
      const last = await open({ x: file("|u1", [2, 8, 8, channels], values) });
      expect(last.train.images).toEqual({ ...form, data: values });
      const first = await open({ x: file("|u1", [2, channels, 8, 8], values) });
      expect(first.train.images).toMatchObject(form);
      // Of the second image the pixel in row 1 and column 3.
      const from = (64 + 11) * channels;
      expect(Array.from(first.train.images.data.subarray(from, from + channels))).toEqual(
        Array.from({ length: channels }, (_, channel) => values[(channels + channel) * 64 + 11]),
      );
    }
  });

  test("of images that are no squares the smaller number is that of the channels", async () => {
    const values = counting(2 * 42 * 5);
    const [last, first] = [
      await open({ x: array(2, 5) }),
      await open({ x: npyFile("|u1", [2, 5, 6, 7], values) }),
    ];
    for (const { train } of [last, first]) {
      expect(train.images).toMatchObject({ count: 2, height: 6, width: 7, channels: 5 });
    }
    expect(last.train.images.data).toEqual(values);
    expect(Array.from(first.train.images.data.subarray(0, 5))).toEqual([0, 42, 84, 126, 168]);
  });

  test("may come one image a file", async () => {
    const values = counting(2 * 64 * 5);
    const [a, b] = [values.slice(0, 320), values.slice(320)];
    const { train } = await open({
      "a.npy": npyFile("|u1", [8, 8, 5], a),
      "b.npy": npyFile("|u1", [8, 8, 5], b),
    });
    expect(train.images).toEqual({ count: 2, height: 8, width: 8, channels: 5, data: values });
    // Grey ones are told by their longer rows.
    const grey = await open({ "c.npy": npyFile("|u1", [5, 8, 8], a) });
    expect(grey.train.images).toMatchObject({ count: 5, channels: 1 });
  });

  test("lie where somebody says, whatever the sizes would tell", async () => {
    const sizes = [2, 4, 3, 5];
    const values = counting(120);
    for (const file of [npyFile, idx]) {
      const files = { x: file("|u1", sizes, values) };
      const last = await open(files, { layout: "channels-last" });
      expect(last.train.images).toEqual({ count: 2, height: 4, width: 3, channels: 5, data: values });
      const first = await open(files, { layout: "channels-first", channels: 4 });
      expect(first.train.images).toMatchObject({ count: 2, height: 3, width: 5, channels: 4 });
      expect(Array.from(first.train.images.data.subarray(60, 64))).toEqual([60, 75, 90, 105]);
      const told = await open(files);
      expect(told.train.images).toMatchObject({ height: 3, width: 5, channels: 3 });
      expect((await open(files, { layout: "auto" })).train).toEqual(told.train);
    }
  });

  test("of npy files with three axes make one image where their place is said", async () => {
    const values = counting(6 * 7 * 9);
    const files = { "x.npy": npyFile("|u1", [6, 7, 9], values) };
    expect((await open(files)).train.images).toMatchObject({ count: 6, height: 7, width: 9, channels: 1 });
    const last = await open(files, { layout: "channels-last" });
    expect(last.train.images).toEqual({ count: 1, height: 6, width: 7, channels: 9, data: values });
    const first = await open(files, { layout: "channels-first" });
    expect(first.train.images).toMatchObject({ count: 1, height: 7, width: 9, channels: 6 });
    expect(Array.from(first.train.images.data.subarray(0, 6))).toEqual(
      Array.from({ length: 6 }, (_, channel) => values[63 * channel]),
    );
    // IDX says that three axes are grey images, and of labels nothing is to be said.
    const digits = { "x-images": idxFile([2, 8, 8], counting(128)), "x-labels": idxFile([2], counting(2)) };
    const { train } = await open(digits, { layout: "channels-first" });
    expect(train.images).toMatchObject({ count: 2, height: 8, width: 8, channels: 1 });
    expect(Array.from(train.labels ?? [])).toEqual([0, 1]);
  });

  test("cannot lie where there is no such axis, or not as many as are wanted", async () => {
    const planes = { "x.npy": npyFile("|u1", [6, 7], counting(42)) };
    await expect(open(planes, { layout: "channels-first" })).rejects.toThrow(
      "it is 6 x 7; with channels first, need [N, C, H, W] or one [C, H, W]",
    );
    await expect(open(planes, { layout: "channels-last" })).rejects.toThrow(
      "need [N, H, W, C] or one [H, W, C]",
    );
    await expect(open({ "x.npy": array(2, 5) }, { layout: "channels-first", channels: 5 })).rejects.toThrow(
      "x.npy: it has 6 channels of 7 x 5 (channels-first), not the 5 that are wanted",
    );
    const odd = { layout: "planar" } as unknown as OpenOptions;
    await expect(open({ "x.npy": array(2, 5) }, odd)).rejects.toThrow(
      'layout is "planar"; need "auto", "channels-first", "channels-last"',
    );
  });

  test("are resized channel by channel", async () => {
    const values = Uint8Array.from({ length: 2 * 64 * 5 }, (_, i) => 40 * (i % 5));
    const { train } = await open({ "x.npy": npyFile("|u1", [2, 8, 8, 5], values) }, { size: 3 });
    expect(train.images).toMatchObject({ count: 2, height: 3, width: 3, channels: 5 });
    expect(train.images.data).toEqual(values.subarray(0, 2 * 9 * 5));
  });

  test("what has another number is left out and listed", async () => {
    const files = { "a.npy": array(3, 5), "b.npy": array(2, 6), "c.npy": array(1, 3) };
    const mixed = { ...files, "d.png": plainPng(6, 6, [1, 2, 3]) };
    const { train } = await open(mixed);
    expect(train.images).toMatchObject({ count: 3, channels: 5 });
    expect(train.skipped).toEqual([
      { file: "b.npy", problem: "it has 6 channels, not the 5 that are most common here" },
      { file: "c.npy", problem: "it has 3 channels, not the 5 that are most common here" },
      { file: "d.png", problem: "it has 1 or 3 channels, not the 5 that are most common here" },
    ]);
    const six = await open(mixed, { channels: 6 });
    expect(six.train.images).toMatchObject({ count: 2, channels: 6 });
    const pictures = await open(mixed, { channels: 3 });
    expect(pictures.train.names).toEqual(["d.png"]);
    expect(pictures.train.skipped.map(({ file }) => file)).toEqual(["a.npy", "b.npy"]);
  });

  test("2 and 4 are opacity, unless they are asked for", async () => {
    for (const channels of [2, 4]) {
      const file = { "x.npy": array(2, channels) };
      expect((await open(file)).train.images.channels).toBe(channels - 1);
      const { train } = await open(file, { channels });
      expect(train.images).toMatchObject({ height: 6, width: 7, channels });
      expect(train.images.data).toEqual(counting(2 * 42 * channels));
    }
  });

  test("what cannot be converted is refused in a sentence", async () => {
    await expect(open({ "x.npy": array(2, 5) }, { channels: 3 })).rejects.toThrow(
      /there is no usable image \(x.npy: it has 5 channels, not the 3 that are wanted\); need PNG/,
    );
    await expect(open({ "x.png": plainPng(6, 6, [1, 2, 3]) }, { channels: 4 })).rejects.toThrow(
      /\(x.png: it has 1 or 3 channels, not the 4 that are wanted\); need IDX or npy files of 4 channels/,
    );
    await expect(openImages("emoji", { channels: 5 })).rejects.toThrow("not the 5 that are wanted");
    await expect(open({ "x.npy": array(2, 5) }, { channels: 2.5 })).rejects.toThrow("whole number from 1 on");
  });
});

describe("views of 5 channels", () => {
  beforeAll(() => configureDevice({ gpu: nodeGPU() }));
  const [count, height, width] = [12, 9, 11];
  const values = Float32Array.from({ length: count * 5 * height * width }, (_, i) => {
    return 0.5 + 0.5 * Math.sin(i * 0.37 + Math.floor(i / (height * width)) * 1.3);
  });
  const images = tensor(values, { shape: [count, 5, height, width] });
  const recipe = { ...scatSimClrRecipe, solarise: 0.4 };

  test("show of each channel what the view of a grey image would", async () => {
    const view = compile((x: Tensor, k: Tensor) => randomView(x, k, { recipe, size: [7, 8] }));
    const whole = view(images, key(2));
    expect(whole.shape).toEqual([count, 5, 7, 8]);
    const result = await whole.data();
    expect(await view(images, key(2)).data()).toEqual(result);
    expect(distance(await view(images, key(3)).data(), result)).toBeGreaterThan(0.1);
    for (let c = 0; c < 5; c++) {
      const alone = await view(images.slice(null, [c, c + 1]), key(2)).data();
      expect(distance(await whole.slice(null, [c, c + 1]).data(), alone)).toBeLessThan(1e-6);
    }
  });

  test("are large and small", async () => {
    const { globals, locals } = multiCrop(images, key(1), { recipe: dinoRecipe({ locals: 1 }) });
    expect(globals.shape).toEqual([2 * count, 5, height, width]);
    expect(locals?.shape).toEqual([count, 5, 4, 5]);
    const shown = await globals.data();
    expect(shown.every((value) => value >= 0 && value <= 1)).toBe(true);
  });
});
