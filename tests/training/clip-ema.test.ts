import { beforeAll, describe, expect, test } from "vitest";
import { compile, configureDevice, scalar, type Tensor, tensor, treeLeaves } from "../../mod.ts";
import {
  clipByGlobalNorm,
  clipByNorm,
  clipByValue,
  cosine,
  ema,
  globalNorm,
  onDevice,
} from "../../training/mod.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

async function numbers(tree: unknown): Promise<Record<string, number[]>> {
  const entries = treeLeaves(tree).map(
    async ({ path, value }) => [path, [...(await value.data())]] as [string, number[]],
  );
  return Object.fromEntries(await Promise.all(entries));
}

const grads = { a: tensor([3, 0]), b: { c: tensor([[0], [4]]) }, count: scalar(7, "i32"), name: "kept" };

describe("clipping", () => {
  test("by the common length: as much as needed, never up", async () => {
    expect(await globalNorm(grads).item()).toBe(5);
    const { grads: clipped, norm } = clipByGlobalNorm(grads, 1);
    expect(await norm.item()).toBe(5);
    const found = await numbers(clipped);
    const factor = 1 / (5 + 1e-6);
    expect(found.a?.[0]).toBeCloseTo(3 * factor, 7);
    expect(found["b.c"]?.[1]).toBeCloseTo(4 * factor, 7);
    expect(found.count).toEqual([7]);
    expect(clipped.name).toBe("kept");
    expect(await numbers(clipByGlobalNorm(grads, 6).grads)).toEqual(await numbers(grads));
    const limited = clipByGlobalNorm(grads, scalar(2.5)).grads;
    expect((await numbers(limited)).a?.[0]).toBeCloseTo(1.5, 6);
    expect(() => globalNorm({ count: scalar(1, "i32") })).toThrow(TypeError);
  });

  test("tensor by tensor, and element by element", async () => {
    const each = await numbers(clipByNorm(grads, 3.5));
    expect(each.a).toEqual([3, 0]);
    expect(each["b.c"]?.[1]).toBeCloseTo(3.5, 5);
    expect(await numbers(clipByNorm({ w: tensor([0, 0]) }, 1))).toEqual({ w: [0, 0] });
    const values = clipByValue({ a: tensor([-3, 0.5, 9]), count: scalar(7, "i32") }, 1);
    expect(await numbers(values)).toEqual({ a: [-1, 0.5, 1], count: [7] });
  });
});

describe("moving averages", () => {
  test("parameters move; statistics stay or are copied", async () => {
    const teacher = {
      bn: { weight: tensor([1, 2]), running_mean: tensor([5]), num_batches_tracked: scalar(1, "i32") },
    };
    const student = {
      bn: { weight: tensor([3, 6]), running_mean: tensor([7]), num_batches_tracked: scalar(9, "i32") },
      predictor: tensor([1]),
    };
    const moved = await numbers(ema(teacher, student, 0.75));
    expect(moved).toEqual({ "bn.weight": [1.5, 3], "bn.running_mean": [5], "bn.num_batches_tracked": [1] });
    const copied = await numbers(ema(teacher, student, scalar(0.75), { buffers: "copy" }));
    expect(copied).toEqual({ "bn.weight": [1.5, 3], "bn.running_mean": [7], "bn.num_batches_tracked": [9] });
    expect(() => ema({ other: tensor([1]) }, student, 0.5)).toThrow('no tensor at "other"');
  });
});

describe("schedules in compiled steps", () => {
  test("a step counter gives the host's values, and the last one from the end on", async () => {
    const schedule = cosine({ base: 3e-3, final: 1e-4, steps: 10, warmup: 3 });
    const rate = onDevice(schedule, 10);
    const step = compile((s: { n: Tensor }) => ({ state: { n: s.n.add(1) }, rate: rate(s.n) }));
    let state = { n: scalar(0) };
    for (let i = 0; i < 13; i++) {
      const out = step(state);
      state = out.state;
      expect(await out.rate.item()).toBe(Math.fround(schedule(Math.min(i, 9))));
    }
    expect(step.compilations).toBe(1);
    expect(await rate(scalar(4, "i32")).item()).toBe(Math.fround(schedule(4)));
    expect(() => onDevice(schedule, 0)).toThrow(RangeError);
  });
});
