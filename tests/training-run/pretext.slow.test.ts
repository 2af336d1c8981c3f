import { beforeAll, describe, expect, test } from "vitest";
import { batchOf } from "../../data/images.ts";
import { compile, configureDevice, key, scalar, treeLeaves } from "../../mod.ts";
import type { StepParts } from "../../training/method.ts";
import { type PretextOptions, pretrain, type StepEvent, scatSimClr, simClr } from "../../training/mod.ts";
import { cachedStepper } from "../../training/run/cached-stepper.ts";
import { wholeStepper } from "../../training/run/stepper.ts";
import { nodeGPU } from "../support/host.ts";
import { stripes } from "./tiny.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const statistics = { mean: [0.5, 0.5, 0.5], std: [0.3, 0.3, 0.3] };
const methodWith = (pretext: PretextOptions) =>
  scatSimClr({
    model: {
      scattering: { J: 1, L: 4, shape: [9, 9] },
      adapter: { stem: 4, stages: [] },
      hidden: 8,
      out: 8,
    },
    statistics,
    pretext: { ...pretext, hidden: [6, 5] },
  });

type Learned = ReturnType<ReturnType<typeof methodWith>["start"]>;

async function steps(
  method: ReturnType<typeof methodWith>,
  epochs: number,
  options: { microBatch?: number } = {},
): Promise<StepEvent[]> {
  const found: StepEvent[] = [];
  for await (const event of pretrain(method, stripes(4, 9), {
    epochs,
    batch: 4,
    monitorEvery: 0,
    ...options,
  }))
    if (event.type === "step") found.push(event);
  return found;
}

describe("a pretext task", () => {
  test.each<PretextOptions>([
    { task: "rotation", lambda: 0.5 },
    { task: "jigsaw" },
    { task: "rotation", inputs: "views" },
    { task: "jigsaw", inputs: "views", normalise: false, filter: "lanczos" },
  ])("adds its loss, and tells it: %j", async (pretext) => {
    const [step] = await steps(methodWith(pretext), 1);
    const { contrast = 0, pretext: guessed = 0, pretextAccuracy = -1 } = step?.metrics ?? {};
    const chance = Math.log(pretext.task === "rotation" ? 4 : 35);
    expect(Math.abs(guessed - chance)).toBeLessThan(0.5);
    expect(step?.loss).toBeCloseTo(contrast + (pretext.lambda ?? 0.3) * guessed, 5);
    expect(pretextAccuracy).toBeGreaterThanOrEqual(0);
  });

  test("is left away in the first epochs", async () => {
    const told = await steps(methodWith({ task: "rotation", warmupEpochs: 2 }), 3);
    expect(told.map(({ metrics }) => metrics?.pretext !== undefined)).toEqual([false, false, true]);
  });

  test("is left away as long when the batch goes in pieces, so that batch norm never sees its images", async () => {
    const pieces = { microBatch: 2 };
    const told = await steps(methodWith({ task: "rotation", warmupEpochs: 2 }), 3, pieces);
    expect(told.map(({ metrics }) => metrics?.pretext !== undefined)).toEqual([false, false, true]);
  });

  test("in its warm-up leaves the statistics that the step without it leaves", async () => {
    const method = methodWith({ task: "rotation", warmupEpochs: 2 });
    const images = batchOf(stripes(4, 9), [0, 1, 2, 3]);
    const values = { rate: 1e-3, lambda: 0 };
    const inPieces = cachedStepper("pieces", method.parts as StepParts<Learned>, 4, 4);
    const statistics = [wholeStepper(method), inPieces].map(async (stepper) => {
      const { state } = stepper.launch(method.start(key(1)), images, values, "contrast alone");
      const leaves = treeLeaves(state.model).filter(({ path }) => path.includes("running"));
      return Promise.all(
        leaves.map(async ({ path, value }) => [path, Array.from(await value.data())] as const),
      );
    });
    const [whole = [], pieces = []] = await Promise.all(statistics);
    expect(whole.length).toBeGreaterThan(0);
    whole.forEach(([path, wanted], i) => {
      wanted.forEach((x, k) => {
        expect(pieces[i]?.[1][k], path).toBeCloseTo(x, 5);
      });
    });
  });
});

test("long runs warm up for 40 epochs, and the published schedule steps by epochs", () => {
  const method = methodWith({ task: "jigsaw" });
  const run = (epochs: number) => ({ epochs, stepsPerEpoch: 5, steps: 5 * epochs, batch: 4 });
  const lambda = (epochs: number) => method.schedules?.(run(epochs)).lambda;
  expect([199, 200].map((at) => lambda(100)?.(at))).toEqual([0, 0.3]);
  expect(lambda(99)?.(0)).toBe(0.3);
  expect([199, 200].map((at) => method.phase?.(at, run(100)))).toEqual(["contrast alone", ""]);
  const published = simClr({ statistics, schedule: "published" }).schedules?.(run(30)).rate;
  expect([0, 49, 54].map((at) => published?.(at))).toEqual([3e-4, 3e-4, expect.closeTo(2.7135e-4, 8)]);
});

test("the parts of a step make the step", async () => {
  const method = methodWith({ task: "jigsaw" });
  const { parts } = method;
  if (!parts) throw new Error("no parts");
  const images = batchOf(stripes(4, 9), [0, 1, 2, 3]);
  const at = { rate: scalar(1e-2), lambda: scalar(0.3) };
  const whole = compile((state: ReturnType<typeof method.start>) => method.step(state, images, at, ""))(
    method.start(key(1)),
  );
  const cut = compile((state: ReturnType<typeof method.start>) => {
    const drawn = parts.views(state, images, at, "");
    const { rows } = parts.encode(parts.model(state), drawn.views, drawn.state, at);
    return parts.loss(rows, drawn.state, at);
  })(method.start(key(1))) as { loss: typeof whole.loss };
  expect(await cut.loss.item()).toBeCloseTo((await whole.loss.item()) as number, 5);
  const moved = treeLeaves(whole.state.head).map(({ path }) => path);
  expect(moved).toEqual(["fc1", "fc2", "cls"].flatMap((name) => [`${name}.weight`, `${name}.bias`]));
});
