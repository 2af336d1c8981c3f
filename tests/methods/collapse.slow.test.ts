// Runs of self-distillation that collapse and are told so, and runs that do not and are left in peace.
import { beforeAll, describe, expect, test } from "vitest";
import { emojiImages, loadEmoji } from "../../data/emoji.ts";
import { fileReader } from "../../data/files.ts";
import type { ImageSet } from "../../data/images.ts";
import { configureDevice } from "../../mod.ts";
import { methodOf } from "../../training/job/method-of.ts";
import { shrunkImages } from "../../training/job/prepare.ts";
import type { DistillationRecipe, Recipe } from "../../training/job/recipe.ts";
import type { Monitors } from "../../training/monitors/monitors.ts";
import { pretrain } from "../../training/pretrain.ts";
import { nodeGPU } from "../support/host.ts";
import { tinyRecipes } from "./tiny.ts";

/** 240 drawings in 16x16 pixels. */
let images: ImageSet;

beforeAll(async () => {
  configureDevice({ gpu: nodeGPU() });
  const pack = await loadEmoji({ read: fileReader(new URL("../../data/emoji/", import.meta.url)) });
  const chosen = Array.from({ length: 240 }, (_, i) => i * 5);
  const { count, data } = emojiImages(pack, chosen, { vendors: ["noto"] });
  images = shrunkImages({ count, height: 32, width: 32, channels: 3, data }, 16);
});

const base: Partial<DistillationRecipe> = {
  ...{ epochs: 8, batch: 24, dropPath: 0, rate: 2e-2, warmup: 1 },
  crops: { large: null, small: 8, count: 1, largeArea: [0.4, 1], smallArea: [0.1, 0.4] },
  head: { hidden: 64, bottleneck: 16, out: 64 },
};
const vit = { width: 32, depth: 1, heads: 2, patch: 8 };
const recipes: Readonly<Record<"dino" | "selfpatch" | "esvit", Recipe>> = {
  dino: { ...tinyRecipes.dino, ...base, vit } as Recipe,
  // Patches have neighbours on a grid of three by three and more; large crops are enough.
  selfpatch: {
    ...{ ...tinyRecipes.selfpatch, ...base, epochs: 6 },
    ...{ vit: { ...vit, width: 16, patch: 4 }, crops: { ...base.crops, count: 0 }, patchOut: 32 },
  } as Recipe,
  esvit: {
    ...{ ...tinyRecipes.esvit, ...base, epochs: 6 },
    ...{ swin: { width: 16, depths: [1, 1], heads: [2, 2], window: 2, patch: 4 } },
  } as Recipe,
};

/** The warnings of a run of 60 or 80 steps, and the last look. */
async function watched(method: keyof typeof recipes, change: Partial<DistillationRecipe>) {
  const recipe = { ...recipes[method], ...change } as Recipe;
  const warnings: string[] = [];
  let last: Monitors | undefined;
  const { epochs, batch } = recipe;
  for await (const event of pretrain(methodOf(recipe, images), images, { epochs, batch, monitorEvery: 20 })) {
    if (event.type === "warning") warnings.push(`${event.topic}: ${event.message}`);
    if (event.type === "monitors") last = event.monitors;
  }
  return { warnings, last };
}

const COLLAPSE = /^collapse: the representation has collapsed: .*Try a teacher that follows more slowly/;

const flat = { teacherTemperature: { from: 10, to: 10, epochs: 0 } };

describe.each(["dino", "selfpatch", "esvit"] as const)("%s", { timeout: 300_000 }, (method) => {
  test("with targets that are not sharpened is called collapsed, with advice", async () => {
    const { warnings } = await watched(method, flat);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(COLLAPSE);
  });

  test("with a slow teacher and sharp targets is left in peace", async () => {
    const { warnings, last } = await watched(method, { momentum: [0.99, 1], rate: 5e-3 });
    expect(warnings).toEqual([]);
    expect(last?.spread).toBeGreaterThan(0.5);
    expect(last?.effectiveRank).toBeGreaterThan(4);
  });
});

test("with a teacher that is a copy of the student it is called collapsed", {
  timeout: 300_000,
}, async () => {
  const { warnings } = await watched("dino", { momentum: [0, 0] });
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(COLLAPSE);
});
