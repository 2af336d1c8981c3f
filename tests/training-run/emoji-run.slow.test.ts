import { beforeAll, expect, test } from "vitest";
import { fileReader } from "../../data/files.ts";
import { configureDevice } from "../../mod.ts";
import { emojiRecipes } from "../../training/emoji-recipes.ts";
import { type EmojiScore, emojiRun } from "../../training/emoji-run.ts";
import { scoreTable, verdict } from "../../training/emoji-words.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

test("the run on emoji goes from the files to the scores", { timeout: 300_000 }, async () => {
  const recipe = {
    ...emojiRecipes.quick,
    ...{ epochs: 1, batch: 8, emoji: 8, hidden: 8, out: 8 },
    adapter: { stem: 4, stages: [] },
  };
  const events: string[] = [];
  const scores: EmojiScore[] = [];
  const read = fileReader(new URL("../../data/emoji/", import.meta.url));
  for await (const event of emojiRun(recipe, { read })) {
    events.push(event.type);
    if (event.type === "score") scores.push(event.score);
  }
  const measured = ["measuring", "score"];
  expect(events).toEqual([
    "data",
    "start",
    "step",
    "step",
    "epoch",
    "monitors",
    "end",
    ...Array(4).fill(measured).flat(),
  ]);
  expect(scores.map(({ name }) => name)).toEqual(["pixels", "scattering", "untrained", "trained"]);
  for (const { first, amongFive } of scores) {
    expect(first).toBeGreaterThan(1 / 328);
    expect(amongFive).toBeGreaterThanOrEqual(first);
    expect(amongFive).toBeLessThanOrEqual(1);
  }
  // The published figures, but for the statistics, which are those of the few drawings trained on.
  expect(scores[0]?.first).toBeCloseTo(0.406, 1);
  expect(scores[1]?.first).toBeCloseTo(0.418, 1);
  expect(scoreTable(scores)).toHaveLength(5);
  expect(verdict(scores)).toMatch(/^Training .*\.$/);
});
