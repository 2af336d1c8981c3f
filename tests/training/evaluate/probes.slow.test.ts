import { beforeAll, describe, expect, test } from "vitest";
import { configureDevice } from "../../../mod.ts";
import { confusion } from "../../../training/evaluate/confusion.ts";
import { fewLabelCurve } from "../../../training/evaluate/few-labels.ts";
import { knn } from "../../../training/evaluate/knn.ts";
import { linearProbe } from "../../../training/evaluate/linear-probe.ts";
import { RegressionOnDevice } from "../../../training/evaluate/regression-on-device.ts";
import { sgdProbe, trainLayer } from "../../../training/evaluate/sgd-probe.ts";
import { regressionOnHost, regressionSize } from "../../../training/evaluate/softmax-regression.ts";
import { goldenTest } from "../../golden/golden-file.ts";
import { nodeGPU } from "../../support/host.ts";
import { clouds } from "./clouds.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const train = clouds(60, 6, 3, { seed: 1, apart: 1.5 });
const held = clouds(45, 6, 3, { seed: 2, apart: 1.5 });
const task = { rows: train.embeddings, labels: train.labels, classes: 3, penalty: 0.005 };

describe("softmax regression", () => {
  const x = Float64Array.from({ length: regressionSize(task) }, (_, i) => Math.sin(i * 1.7));

  test("on the host has the slope of its own loss", async () => {
    const objective = regressionOnHost(task);
    const gradient = new Float64Array(x.length);
    const other = new Float64Array(x.length);
    await objective(x, gradient);
    for (const i of [0, 4, 11, x.length - 1]) {
      const at = (step: number) =>
        objective(
          x.map((value, j) => (j === i ? value + step : value)),
          other,
        );
      const slope = (((await at(1e-5)) as number) - ((await at(-1e-5)) as number)) / 2e-5;
      expect(gradient[i]).toBeCloseTo(slope, 7);
    }
  });

  test("on the device agrees with the host", async () => {
    const [onHost, onDevice] = [new Float64Array(x.length), new Float64Array(x.length)];
    const expected = await regressionOnHost(task)(x, onHost);
    const device = new RegressionOnDevice(task);
    expect(await device.objective(x, onDevice)).toBeCloseTo(expected, 5);
    device.dispose();
    for (let i = 0; i < x.length; i++) expect(onDevice[i]).toBeCloseTo(onHost[i]!, 5);
  });

  test("classifies alike in both places", async () => {
    const [host, device] = [
      await linearProbe(train, held, { on: "host" }),
      await linearProbe(train, held, { on: "device" }),
    ];
    expect(device.predictions).toEqual(host.predictions);
    expect(host.accuracy).toBeGreaterThan(0.8);
  });
});

describe("the probe by gradient descent", () => {
  test("learns to tell clouds apart, and repeats itself", async () => {
    const options = { epochs: 20, batch: 20, rate: 0.1 };
    const first = await sgdProbe(train, held, options);
    expect(first.accuracy).toBeGreaterThan(0.8);
    expect((await sgdProbe(train, held, options)).predictions).toEqual(first.predictions);
    await expect(sgdProbe(train, held, { batch: 61 })).rejects.toThrow("60 rows are no batch of 61");
  });

  goldenTest("dino/linear_probe", "follows the golden training", async (golden) => {
    const [count, width] = golden.array("input.features").shape as [number, number];
    const embeddings = { count, width, values: Float32Array.from(golden.values("input.features")) };
    const order = Array.from(golden.values("input.order"));
    const rows = Array.from({ length: 4 }, (_, epoch) => order.slice(epoch * count, (epoch + 1) * count));
    const labels = golden.values("input.labels");
    const layer = await trainLayer({ embeddings, labels }, 5, {
      ...{ epochs: 4, batch: 8, rate: 0.3 },
      start: { weight: golden.values("init.weight"), order: rows },
    });
    golden.values("out.weight").forEach((value, i) => {
      expect(layer.weight[i]).toBeCloseTo(value, 5);
    });
    golden.values("out.bias").forEach((value, i) => {
      expect(layer.bias[i]).toBeCloseTo(value, 5);
    });
  });
});

describe("few labels", () => {
  test("give less than many, with a spread that shrinks, and the same again", async () => {
    const close = {
      train: clouds(90, 4, 3, { seed: 3, apart: 0.8 }),
      held: clouds(90, 4, 3, { seed: 4, apart: 0.8 }),
    };
    const curve = await fewLabelCurve(close.train, close.held, { perClass: [1, 25], draws: 4, seed: 2 });
    expect(curve.map(({ perClass }) => perClass)).toEqual([1, 25]);
    const [one, many] = curve;
    expect(one!.accuracies).toHaveLength(4);
    expect(many!.mean).toBeGreaterThan(one!.mean);
    expect(one!.deviation).toBeGreaterThan(many!.deviation);
    const mean = one!.accuracies.reduce((a, b) => a + b, 0) / 4;
    expect(one!.mean).toBeCloseTo(mean, 12);
    const again = await fewLabelCurve(close.train, close.held, { perClass: [1], draws: 4, seed: 2 });
    expect(again[0]).toEqual(one);
  });

  test("are counted up to the smallest class", async () => {
    const curve = await fewLabelCurve(train, held, { draws: 1, classifier: "knn" });
    expect(curve.map(({ perClass }) => perClass)).toEqual([1, 2, 5, 10, 20]);
    expect(curve[0]!.deviation).toBe(0);
    await expect(fewLabelCurve(train, held, { perClass: [21] })).rejects.toThrow("has 20 rows");
  });
});

test("confusion counts what was taken for what", async () => {
  const { predictions, accuracy } = await knn(train, held);
  const counts = confusion(held.labels, predictions, 3);
  expect(counts.flat().reduce((a, b) => a + b)).toBe(45);
  expect(counts.reduce((sum, row, i) => sum + row[i]!, 0) / 45).toBeCloseTo(accuracy, 12);
  expect(confusion([0, 1, 1], [0, 0, 1], 2)).toEqual([
    [1, 0],
    [1, 1],
  ]);
});
