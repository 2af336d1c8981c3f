// The operations of Pillow, torchvision and OpenCV, whole number by whole number.
import { beforeAll, expect } from "vitest";
import { boxBlur, gaussianBlur } from "../../data/augment/blur.ts";
import { changeColours } from "../../data/augment/colour.ts";
import type { ViewDraws } from "../../data/augment/draws.ts";
import { viewOf } from "../../data/augment/random-view.ts";
import { defaultRecipe, type ViewRecipe } from "../../data/augment/recipe.ts";
import { resample, resampleBoxes } from "../../data/augment/resample.ts";
import { bytes } from "../../data/augment/scale.ts";
import { resizeHost } from "../../data/decode/resize-host.ts";
import { normaliseChannels } from "../../data/images.ts";
import { compile, configureDevice, type Tensor, tensor } from "../../mod.ts";
import { type Golden, goldenTest } from "../golden/golden-file.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

/** `f32[1, C, H, W]` of an image `[H, W, C]`. */
function imageOf(file: Golden, name: string): Tensor {
  return file.tensor(name).cast("f32").permute([2, 0, 1]).expandDims(0);
}

/** Runs compiled, as it runs in training, and gives `[H, W, C]`. */
async function run(f: (x: Tensor) => Tensor, image: Tensor): Promise<number[]> {
  const result = compile((x: Tensor) => f(x).squeeze(0).permute([1, 2, 0]))(image);
  return Array.from(await result.data());
}

interface Bound {
  /** Largest distance, and the share of values that may have one. */
  readonly most?: number;
  readonly share?: number;
}

function expectClose(got: ArrayLike<number>, want: ArrayLike<number>, { most = 0, share = 0 }: Bound = {}) {
  expect(got.length).toBe(want.length);
  const gaps = Array.from(got, (value, i) => Math.abs(value - (want[i] as number)));
  expect(Math.max(...gaps)).toBeLessThanOrEqual(most);
  expect(gaps.filter((gap) => gap > 0).length / gaps.length).toBeLessThanOrEqual(share);
}

/** Pillow finds the hue in floats, which now and then fall just below a whole number. */
const hueBound: Bound = { most: 4, share: 2e-3 };

const imageNet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** Values of `[C, H, W]` as `[H, W, C]`. */
function channelsLast(file: Golden, name: string): Float64Array {
  const values = file.values(name);
  const [channels = 0] = file.array(name).shape;
  const plane = values.length / channels;
  return values.map((_, i) => values[(i % channels) * plane + Math.floor(i / channels)] as number);
}

const one = (value: number): Tensor => tensor([value]);
const flag = (value: boolean): Tensor => tensor([value], { dtype: "bool" });

const still: ViewDraws = {
  top: one(0),
  left: one(0),
  height: one(0),
  width: one(0),
  flip: flag(false),
  jitter: flag(true),
  grey: flag(false),
  brightness: one(1),
  contrast: one(1),
  saturation: one(1),
  hue: one(0),
};
const letters = { b: 0, c: 1, s: 2, h: 3 } as const;
const names = { b: "brightness", c: "contrast", s: "saturation", h: "hue" } as const;
type Letter = keyof typeof letters;

/** Draws of one view that is jittered in an order, such as "bcsh". Changes that are not in it do nothing. */
function jitterDraws(order: string, values: Partial<Record<(typeof names)[Letter], number>>): ViewDraws {
  const all = [...order, ...["b", "c", "s", "h"].filter((letter) => !order.includes(letter))] as Letter[];
  return {
    ...still,
    ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name, one(value)])),
    order: tensor([all.map((letter) => letters[letter])], { dtype: "i32" }),
  };
}

const jittered = (draws: ViewDraws) => (x: Tensor) => changeColours(x, draws, bytes);

// A hue of 0 changes colours a little on its way through 8 bits: changes are looked at one by one with hue last only
// where it is asked for, so here the listed order without it.
const only = (letter: Letter, value: number) => (x: Tensor) => {
  const draws = { ...jitterDraws(letter, { [names[letter]]: value }) };
  const first = { ...draws, order: (draws.order as Tensor).slice(null, [0, 1]) };
  return changeColours(x, first, bytes);
};

goldenTest("scatsimclr/augment_ops_32x32", "ScatSimCLR: operations with Pillow's rounding", async (file) => {
  const image = imageOf(file, "image");
  const [b = 0, c = 0, s = 0, h = 0, kernel = 0, sigma = 0] = file.values("params");
  const [top = 0, left = 0, height = 0, width = 0] = file.values("crop_ijhw");
  expectClose(await run(only("b", b), image), file.values("brightness"));
  expectClose(await run(only("c", c), image), file.values("contrast"));
  expectClose(await run(only("s", s), image), file.values("saturation"));
  expectClose(await run(only("h", h), image), file.values("hue"), hueBound);
  const grey = { ...still, jitter: flag(false), grey: flag(true) };
  expectClose(await run(jittered(grey), image), file.values("gray"));
  const drawn = jitterDraws("bcsh", { brightness: b, contrast: c, saturation: s, hue: h });
  expectClose(await run(jittered(drawn), image), file.values("jitter_order_bcsh"), hueBound);

  const boxes = { top: one(top), left: one(left), height: one(height), width: one(width) };
  const whole = { top: one(0), left: one(0), height: one(32), width: one(32) };
  const crop = (x: Tensor) => resampleBoxes(x, boxes, [32, 32], "lanczos", bytes);
  expectClose(await run(crop, image), file.values("crop_lanczos"));
  const flipped = (x: Tensor) => resampleBoxes(x, whole, [32, 32], "lanczos", bytes, flag(true));
  expectClose(await run(flipped, image), file.values("hflip"));
  const resized = [
    ["resize_lanczos_up", 48, "lanczos"],
    ["resize_lanczos_down", 20, "lanczos"],
    ["resize_bilinear_up", 48, "bilinear"],
    ["resize_bilinear_down", 20, "bilinear"],
  ] as const;
  const host = Uint8Array.from(file.values("image"));
  for (const [name, side, filter] of resized) {
    const want = file.values(name);
    const fixed = (x: Tensor) => resample(x, [side, side], { filter, scale: bytes });
    const drawnBox = (x: Tensor) => resampleBoxes(x, whole, [side, side], filter, bytes);
    expectClose(await run(fixed, image), want);
    expectClose(await run(drawnBox, image), want);
    const from = { width: 32, height: 32, channels: 3 };
    expectClose(resizeHost(host, from, { width: side, height: side }, { filter }), want);
  }

  expectClose(
    await run((x) => normaliseChannels(x.div(255), imageNet), image),
    channelsLast(file, "normalized"),
    {
      most: 1e-6,
      share: 1,
    },
  );

  const reach = (kernel - 1) / 2;
  const smooth = await run((x) => gaussianBlur(x, one(sigma), reach, bytes), image);
  const exact = file.values("blur_float");
  for (const [i, value] of smooth.entries()) {
    expect(Math.abs(value - (exact[i] as number))).toBeLessThanOrEqual(0.5 + 1e-4);
  }
});

goldenTest("scatsimclr/jigsaw_32", "ScatSimCLR: tiles of a jigsaw resized", async (file) => {
  const image = imageOf(file, "image");
  const boxes = file.values("boxes");
  const want = file.values("tiles_resized");
  for (let tile = 0; tile < 9; tile++) {
    const [left = 0, top = 0, right = 0, bottom = 0] = boxes.subarray(4 * tile, 4 * tile + 4);
    const box = { top, left, height: bottom - top, width: right - left };
    const resized = resample(image, [32, 32], { filter: "bilinear", scale: bytes, box });
    const values = Array.from(await resized.data());
    const wanted = want
      .subarray(tile * values.length, (tile + 1) * values.length)
      .map((x) => Math.round(x * 255));
    expectClose(values, wanted);
  }
});

interface DinoConfig {
  crops: { top: number; left: number; height: number; width: number; out: number }[];
  brightness: number[];
  contrast: number[];
  saturation: number[];
  hue: number[];
  blur: number[];
  eval: { short_side: number; center: number };
  chain: { crop: [number, number, number, number, number]; jitter: [Letter, number][]; blur: number };
}

goldenTest("dino/augment", "DINO: operations with Pillow's rounding", async (file) => {
  const config = JSON.parse(file.metadata.config as string) as DinoConfig;
  const image = imageOf(file, "input.image");
  for (const letter of ["b", "c", "s"] as const) {
    for (const [i, value] of config[names[letter]].entries()) {
      expectClose(await run(only(letter, value), image), file.values(`${names[letter]}.${i}`));
    }
  }
  for (const [i, value] of config.hue.entries()) {
    expectClose(await run(only("h", value), image), file.values(`hue.${i}`), hueBound);
  }
  const grey = { ...still, jitter: flag(false), grey: flag(true) };
  expectClose(await run(jittered(grey), image), file.values("grayscale"));
  for (const [i, crop] of config.crops.entries()) {
    const { top, left, height, width, out } = crop;
    const boxes = { top: one(top), left: one(left), height: one(height), width: one(width) };
    // Weights of the cubic are found in f32, so that a sum within a rounding of a half may go to either side.
    for (const [name, filter, bound] of [
      ["crop", "bicubic", { most: 1, share: 5e-4 }],
      ["crop_bilinear", "bilinear", {}],
    ] as const) {
      const want = file.values(`${name}.${i}`);
      const drawn = (x: Tensor) => resampleBoxes(x, boxes, [out, out], filter, bytes);
      expectClose(await run(drawn, image), want, bound);
    }
  }
  for (const [i, sigma] of config.blur.entries()) {
    const blur = (x: Tensor) => boxBlur(x, one(sigma), 2, bytes);
    expectClose(await run(blur, image), file.values(`blur.${i}`));
  }
  expectClose(
    await run((x) => normaliseChannels(x.div(255), imageNet), image),
    channelsLast(file, "normalized"),
    {
      most: 1e-6,
      share: 1,
    },
  );
});

goldenTest("dino/augment", "DINO: flipped and solarised alone", async (file) => {
  const image = imageOf(file, "input.image").div(255);
  const [height = 0, width = 0] = file.array("input.image").shape;
  const recipe: ViewRecipe = {
    ...defaultRecipe,
    crop: { ...defaultRecipe.crop, filter: "bicubic" },
    exact: true,
  };
  const whole = { ...still, height: one(height), width: one(width), jitter: flag(false) };
  for (const [name, change] of [
    ["flip", { flip: flag(true) }],
    ["solarize", { solarise: flag(true) }],
  ] as const) {
    const seen = (x: Tensor) =>
      viewOf(x, { ...whole, ...change }, [height, width], { ...recipe, solarise: 0.5 });
    const got = await run(seen, image);
    expectClose(
      got.map((x) => Math.round(x * 255)),
      file.values(name),
    );
  }
});

goldenTest("dino/augment", "DINO: images to evaluate with", async (file) => {
  const { eval: evaluation } = JSON.parse(file.metadata.config as string) as DinoConfig;
  const [height = 0, width = 0] = file.array("input.image").shape;
  const [rows = 0, columns = 0] = file.array("eval.resized").shape;
  expect(Math.min(rows, columns)).toBe(evaluation.short_side);
  const resized = { width: columns, height: rows };
  const host = Uint8Array.from(file.values("input.image"));
  const got = resizeHost(host, { width, height, channels: 3 }, resized, { filter: "bicubic" });
  expectClose(got, file.values("eval.resized"));
  const { center } = evaluation;
  const [top, left] = [Math.round((rows - center) / 2), Math.round((columns - center) / 2)];
  const middle = tensor(Array.from(got), { shape: [rows, columns, 3] }).slice(
    [top, top + center],
    [left, left + center],
  );
  expectClose(await middle.data(), file.values("eval.center"));
});

goldenTest("dino/augment", "DINO: a whole view", async (file) => {
  const { chain } = JSON.parse(file.metadata.config as string) as DinoConfig;
  const [top, left, height, width, out] = chain.crop;
  const order = chain.jitter.map(([letter]) => letter).join("");
  const strengths = Object.fromEntries(chain.jitter.map(([letter, value]) => [names[letter], value]));
  const recipe: ViewRecipe = {
    ...defaultRecipe,
    crop: { ...defaultRecipe.crop, filter: "bicubic" },
    blur: { probability: 1, sigma: [0.1, 2], kind: "boxes" },
    solarise: 1,
    exact: true,
  };
  const draws: ViewDraws = {
    ...jitterDraws(order, strengths),
    top: one(top),
    left: one(left),
    height: one(height),
    width: one(width),
    flip: flag(true),
    blur: flag(true),
    sigma: one(chain.blur),
    solarise: flag(true),
  };
  const image = imageOf(file, "input.image").div(255);
  const got = await run((x) => viewOf(x, draws, [out, out], recipe), image);
  const want = file.values("chain.image");
  expectClose(
    got.map((x) => Math.round(x * 255)),
    want,
    hueBound,
  );
  // Of the image as it is stored, so that nothing but the normalisation is compared.
  const stored = imageOf(file, "chain.image").div(255);
  const normalised = await run((x) => normaliseChannels(x, imageNet), stored);
  expectClose(normalised, channelsLast(file, "chain.tensor"), { most: 1e-6, share: 1 });
});
