import { beforeAll, expect, test } from "vitest";
import { pickImages } from "../../../data/collection.ts";
import { openImages } from "../../../data/open-images.ts";
import { configureDevice, getDevice } from "../../../mod.ts";
import type { Measured } from "../../../training/job/measure.ts";
import { descriptionOf, encoderIn, methodOf } from "../../../training/job/method-of.ts";
import { presets } from "../../../training/job/presets.ts";
import { measureEncoders, runJob } from "../../../training/job/run-job.ts";
import { scoreTable, verdict } from "../../../training/job/words.ts";
import { startOf } from "../../../training/pretrain.ts";
import { nodeGPU } from "../../support/host.ts";
import { collectGarbage } from "../../support/memory.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const recipe = {
  ...presets["emoji-nano"].recipe,
  ...{ epochs: 1, batch: 8, hidden: 8, out: 8 },
  adapter: { stem: 4, stages: [] },
};

test("the job on emoji goes from the images to the scores", { timeout: 300_000 }, async () => {
  const opened = await openImages("emoji");
  const some = Array.from({ length: 16 }, (_, i) => i * 160); // of all categories
  const data = { ...opened, train: pickImages(opened.train, some) };
  const events: string[] = [];
  const measured: Measured[] = [];
  for await (const event of runJob(data, recipe, { monitorEvery: 0 })) {
    events.push(event.type);
    if (event.type !== "measured") continue;
    measured.push(event.measured);
    expect(event.question).toContain("Held-out emoji");
    expect(event.images.images.count).toBe(656);
  }
  const both = ["measuring", "measured"];
  expect(events).toEqual(["start", "step", "step", "epoch", "end", ...Array(4).fill(both).flat()]);
  const scores = measured.map(({ score }) => score);
  expect(scores.map(({ way }) => way)).toEqual(["pixels", "scattering", "untrained", "trained"]);
  for (const { pairs, knn, linear, views } of scores) {
    expect(pairs?.first).toBeGreaterThan(1 / 328);
    expect(pairs?.amongFive).toBeGreaterThanOrEqual(pairs?.first as number);
    expect(knn).toBeGreaterThan(1 / 20);
    expect(linear).toBeGreaterThan(1 / 20);
    expect(views).toBeNull();
  }
  // The published figures, but for the statistics, which are those of the few drawings trained on.
  expect(scores[0]?.pairs?.first).toBeCloseTo(0.406, 1);
  expect(scores[1]?.pairs?.first).toBeCloseTo(0.418, 1);
  expect(scoreTable(scores)).toHaveLength(5);
  expect(verdict(scores)).toMatch(/^Training .*\.$/);
});

test("measuring leaves nothing behind on the device", { timeout: 300_000 }, async () => {
  const device = await getDevice();
  const data = await openImages("emoji", { limit: 24 });
  const method = methodOf(recipe, data.train.images);
  const trained = encoderIn(startOf(method), descriptionOf(recipe, data.train.images, {}));
  const once = async () => {
    for await (const event of measureEncoders(data, { untrained: trained, trained })) void event;
    await device.idle();
    await collectGarbage();
    return device.memory().live;
  };
  // The first round makes what the device keeps; the collector may take what was left before these.
  await once();
  let before = await once();
  for (let round = 0; round < 3; round++) {
    const after = await once();
    expect(after).toBeLessThanOrEqual(before);
    before = after;
  }
});
