import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { explained, UsageError } from "../../cli/errors.ts";
import { nearestName } from "../../cli/flags.ts";
import { keepLeftOut, leftOutLine, writeLeftOut } from "../../cli/left-out.ts";
import { describeData, memoryOfImages } from "../../cli/open-data.ts";
import { Progress } from "../../cli/progress.ts";
import { Lines } from "../../cli/terminal.ts";
import type { ImageCollection } from "../../data/collection.ts";
import type { Measured, Score } from "../../training/job/measure.ts";
import { presets } from "../../training/job/presets.ts";
import type { JobEvent } from "../../training/job/run-job.ts";
import type { WayName } from "../../training/job/ways.ts";
import { clock, scoreTable, verdict } from "../../training/job/words.ts";

const step = (number: number): JobEvent => ({
  type: "step",
  epoch: 1,
  step: number,
  steps: 3,
  loss: 4.6,
  rate: 1e-3,
  values: { rate: 1e-3 },
  metrics: {},
  imagesPerSecond: 50,
  secondsLeft: 61,
});

const monitors: JobEvent = {
  type: "monitors",
  epoch: 1,
  step: 1,
  monitors: {
    ...{ images: 10, dimensions: 4, spread: 0.512, effectiveRank: 3.4, dead: 0, alignment: 1 },
    ...{ projections: 4, projectionRank: 3.1 },
    ...{ uniformity: -1, top1: 0.5, gradientNorm: 1 },
  },
};

const images = { height: 32, width: 32, channels: 3 };
const nothing = { pairs: null, views: null, knn: null, linear: null, whitened: null };

function measured(way: WayName, part: Partial<Score>): JobEvent {
  const score: Score = { way, spread: 0.7, ...nothing, ...part };
  return {
    type: "measured",
    measured: { score } as Measured,
    images: {} as Extract<JobEvent, { type: "measured" }>["images"],
    heldOut: true,
    question: part.pairs ? "Is it?" : null,
  };
}

function told(isTTY: boolean, events: readonly JobEvent[]): string {
  let text = "";
  const lines = new Lines({
    isTTY,
    write(more) {
      text += more;
    },
  });
  const progress = new Progress(lines, { recipe: presets.quick.recipe, preset: "quick", images });
  for (const event of events) progress.tell(event);
  lines.close();
  return text;
}

describe("progress", () => {
  test("is one line that changes on a terminal, with what the monitors say", () => {
    const text = told(true, [step(1), monitors, step(2), step(3)]);
    expect(text.split("\n")).toHaveLength(2);
    expect(text).toContain(
      "\r\x1b[Kepoch 1/3  step 3/3  loss 4.600  spread 0.51  rank 3  50 images/s  1:01 left\n",
    );
  });

  test("is plain lines, and few of them, elsewhere", () => {
    const text = told(false, [step(1), step(2), step(3)]);
    expect(text).not.toContain("\x1b");
    expect(text.trim().split("\n")).toHaveLength(2);
  });

  test("ends with a table and what it says", () => {
    const pairs = (first: number) => ({ pairs: { first, amongFive: first + 0.2 } });
    const text = told(false, [
      measured("pixels", pairs(0.406)),
      measured("scattering", pairs(0.418)),
      measured("untrained", pairs(0.402)),
      measured("trained", pairs(0.479)),
    ]);
    expect(text).toContain("Is it?");
    expect(text).toContain("raw pixels                 40.6 %   60.6 %     0.70");
    expect(text).toContain("encoder after training     47.9 %   67.9 %     0.70");
    expect(text).toContain(
      "Training gained 7.7 points of retrieval. The trained encoder beats raw pixels and scattering alone.",
    );
  });
});

test("a reference run ends with its figures in the form of the reference", () => {
  let text = "";
  const lines = new Lines({
    isTTY: false,
    write(more) {
      text += more;
    },
  });
  const progress = new Progress(lines, {
    recipe: { ...presets["cifar-nano"].recipe, seed: 2 },
    ...{ preset: "cifar-nano", images },
  });
  for (const [epoch, loss] of [4.671, 4.5, 4.218].entries()) {
    progress.tell({ type: "epoch", epoch: epoch + 1, step: 20 * (epoch + 1), loss });
  }
  progress.tell(measured("trained", { knn: 0.431, linear: 0.5004, spread: 0.72 }));
  expect(text).toContain("cifar-nano, seed 2: k-NN / linear .431 / .500, loss 4.67 -> 4.22, spread .720\n");
});

describe("the verdict flatters nobody", () => {
  const scores = (trained: number): Score[] =>
    (["pixels", "scattering", "untrained", "trained"] as const).map((way, i) => ({
      ...{ way, spread: 1, ...nothing },
      knn: [0.4, 0.45, 0.42, trained][i] as number,
    }));

  test.each([
    [
      0.41,
      /^Training lost 1.0 points of k-NN accuracy\. The trained encoder beats raw pixels, but not scattering alone\.$/,
    ],
    [0.42, /^Training changed nothing in k-NN accuracy\./],
    [0.3, /The trained encoder beats neither raw pixels nor scattering alone\.$/],
  ])("at %d", (trained, words) => {
    expect(verdict(scores(trained))).toMatch(words);
  });

  test("and says once what all measures agree on", () => {
    const both = (linear: number) =>
      scores(0.5).map((score) => ({ ...score, linear: score.way === "trained" ? linear : 0.43 }));
    const gained =
      /^Training gained 8\.0 points of k-NN accuracy and (gained|lost) \d\.\d points of linear accuracy\. /;
    expect(verdict(both(0.45))).toMatch(gained);
    expect(verdict(both(0.45)).replace(gained, "")).toBe(
      "The trained encoder beats raw pixels and scattering alone.",
    );
    expect(verdict(both(0.4)).replace(gained, "")).toBe(
      "By k-NN accuracy the trained encoder beats raw pixels and scattering alone. By linear accuracy the trained encoder beats neither raw pixels nor scattering alone.",
    );
  });

  test("and whitened embeddings have a row above the result", () => {
    const whitened = { pairs: null, knn: 0.512 };
    const table = scoreTable(
      scores(0.5).map((score) => (score.way === "trained" ? { ...score, whitened } : score)),
    );
    expect(table.map(([name]) => name).slice(-2)).toEqual([
      "after training, whitened",
      "encoder after training",
    ]);
    expect(table.at(-2)).toEqual(["after training, whitened", "51.2 %", ""]);
  });

  test("and the table has what was measured alone", () => {
    expect(scoreTable(scores(0.5))[0]).toEqual(["", "k-NN", "spread"]);
    const views = scores(0.5).map((score) => ({
      ...score,
      knn: null,
      views: { first: 0.5, amongFive: 0.6 },
    }));
    expect(scoreTable(views)[0]).toEqual(["", "view", "of five", "spread"]);
    expect(verdict(views)).toContain("Training changed nothing");
  });
});

test("times are minutes and seconds, and hours where there are some", () => {
  expect([0, 59.6, 61, 3600].map(clock)).toEqual(["0:00", "1:00", "1:01", "1:00:00"]);
});

test("names that were nearly typed are found", () => {
  expect(nearestName("epoch", ["epochs", "batch"])).toBe("epochs");
  expect(nearestName("pretarin", ["pretrain", "embed"])).toBe("pretrain");
  expect(nearestName("xyz", ["epochs", "batch"])).toBeNull();
});

test("errors are a sentence where somebody can help, and a stack where nobody foresaw them", () => {
  expect(explained(new UsageError("no"))).toEqual({ text: "no", code: 2 });
  const denied = Object.assign(new Error("EACCES: permission denied"), { code: "EACCES", path: "/a" });
  expect(explained(denied).code).toBe(2);
  expect(explained(denied).text).toMatch(/^\/a: it may not be written to/);
  expect(explained(new TypeError("x")).text).toContain("at ");
  const known = Object.assign(new Error("lost"), { name: "DeviceLostError" });
  expect(explained(known)).toEqual({ text: "lost", code: 1 });
});

test("images may take half of the machine's memory, and what fits into one array", async () => {
  const bytes = await memoryOfImages();
  expect(bytes).toBeGreaterThan(2 ** 26);
  expect(bytes).toBeLessThanOrEqual(Math.min(2 ** 32, totalmem() / 2));
});

test("says what images are opened for", () => {
  const some = (count: number): ImageCollection => ({
    ...{ name: "photos", names: [], labels: null, classes: ["cat", "dog"], skipped: [] },
    images: { count, height: 8, width: 8, channels: 1, data: new Uint8Array() },
  });
  const opened = { train: some(1200), test: some(30) };
  expect(describeData(opened, "learn from", "")).toEqual([
    "photos: 1,200 images (8 x 8, grey) to learn from, 30 held out; 2 classes, whose labels are used to measure alone",
  ]);
  expect(describeData(opened, "compare with", "")).toEqual([
    "photos: 1,200 images (8 x 8, grey) to compare with, 30 held out; 2 classes",
  ]);
  const embedded = "photos: 1,230 images (8 x 8, grey) to embed; 2 classes";
  expect(describeData(opened, "embed", "")).toEqual([embedded]);
  const damage = Array.from({ length: 5 }, (_, i) => ({ file: `${i}.png`, problem: "the file is empty" }));
  const damaged = {
    train: { ...opened.train, skipped: damage.slice(0, 2) },
    test: { ...opened.test, skipped: damage.slice(2) },
  };
  const [, told] = describeData(damaged, "embed", "all in list.txt");
  const three = [0, 1, 2].map((i) => `${i}.png (the file is empty)`).join(", ");
  expect(told).toBe(`left out 5 files: ${three}, and 2 more (all in list.txt)`);
  expect(leftOutLine(damage.slice(0, 3), "all in list.txt")).toBe(`left out 3 files: ${three}`);
  expect(leftOutLine(damage.slice(0, 1), "")).toBe("left out 1 file: 0.png (the file is empty)");
});

test("lists all that was left out, a line each, and forgets an old list", async () => {
  const folder = mkdtempSync(join(tmpdir(), "morlet-left-out-"));
  const path = join(folder, "list.txt");
  const damage = [
    { file: "a\nb.png", problem: "the file is empty" },
    { file: "c.png", problem: "the file was cut" },
  ];
  const listed = () => readFileSync(path, "utf8");
  await keepLeftOut(path, []); // there is none to forget
  await keepLeftOut(path, damage);
  expect(listed()).toBe("a b.png: the file is empty\nc.png: the file was cut\n");
  await writeLeftOut(path, []);
  expect(listed()).toBe("");
  await keepLeftOut(path, []);
  expect(existsSync(path)).toBe(false);
  rmSync(folder, { recursive: true });
});
