// Runs that collapse and are told so, and runs that do not and are left in peace.
import { beforeAll, describe, expect, test } from "vitest";
import { emojiImages, loadEmoji } from "../../data/emoji.ts";
import { fileReader } from "../../data/files.ts";
import type { ImageSet } from "../../data/images.ts";
import { ntXent } from "../../losses/contrastive/nt-xent.ts";
import { configureDevice, normalize, roll, type Tensor } from "../../mod.ts";
import type { Monitors } from "../../training/monitors/monitors.ts";
import { constant } from "../../training/schedule.ts";
import { nodeGPU } from "../support/host.ts";
import { eventsOf, type SmallOptions, smallMethod } from "./small.ts";

/** 400 drawings in 8x8 pixels. */
let images: ImageSet;

beforeAll(async () => {
  configureDevice({ gpu: nodeGPU() });
  const pack = await loadEmoji({ read: fileReader(new URL("../../data/emoji/", import.meta.url)) });
  const { count, data } = emojiImages(
    pack,
    Array.from({ length: 400 }, (_, i) => i),
    { vendors: ["noto"] },
  );
  const small = new Uint8Array(count * 8 * 8 * 3);
  for (let at = 0; at < small.length; at++) {
    const [c, x, y, n] = [at % 3, Math.floor(at / 3) % 8, Math.floor(at / 24) % 8, Math.floor(at / 192)];
    let sum = 0;
    for (let i = 0; i < 16; i++) {
      sum += data[((n * 32 + y * 4 + (i >> 2)) * 32 + x * 4 + (i & 3)) * 3 + c] as number;
    }
    small[at] = sum / 16;
  }
  images = { count, height: 8, width: 8, channels: 3, data: small };
});

/** The warnings of a run of 64 steps, and the last look. */
async function watched(method: SmallOptions, rate?: number) {
  const events = await eventsOf(
    { epochs: 8, batch: 50, monitorEvery: 16, ...(rate === undefined ? {} : { schedule: constant(rate) }) },
    { images, method: smallMethod({ inputs: 192, hidden: 256, width: 32, ...method }) },
  );
  const warnings = events.flatMap((event) => (event.type === "warning" ? [event] : []));
  const looks = events.flatMap((event) => (event.type === "monitors" ? [event] : []));
  expect(looks.map(({ step }) => step)).toEqual([0, 16, 32, 48, 64]);
  return { warnings, last: looks.at(-1)?.monitors as Monitors };
}

const pull = (a: Tensor, b: Tensor) => normalize(a).mul(normalize(b)).sum({ axis: 1 }).mean().neg();

describe("a run is called collapsed", () => {
  test.each<[string, SmallOptions, number?]>([
    ["without negatives", { loss: pull }],
    [
      "with a loss that pulls different images together",
      {
        loss: (a, b) =>
          a
            .sub(roll(b, 1, { axis: 0 }))
            .square()
            .mean(),
      },
    ],
    [
      "at a temperature that makes all negatives alike",
      { loss: (a, b) => ntXent(a, b, { temperature: 1000 }) },
    ],
    ["at an absurd learning rate", {}, 100],
    ["at a learning rate that is much too high", {}, 1],
  ])("%s", async (_, method, rate) => {
    const { warnings } = await watched(method, rate);
    expect(warnings.map(({ topic }) => topic)).toEqual(["collapse"]);
    expect(warnings[0]?.message).toMatch(
      /^the representation has collapsed: .*Try a smaller learning rate first/,
    );
  });
});

describe("a run is left in peace", () => {
  test.each<[string, SmallOptions, number?]>([
    ["that learns", {}],
    ["that has hardly begun", {}, 1e-6],
    ["with few dimensions", { width: 3, hidden: 6 }],
  ])("%s", async (_, method, rate) => {
    const { warnings, last } = await watched(method, rate);
    expect(warnings).toEqual([]);
    expect(last.spread).toBeGreaterThan(0.2);
  });
});
