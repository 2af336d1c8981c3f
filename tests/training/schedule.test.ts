import { describe, expect, test } from "vitest";
import {
  constant,
  cosine,
  dinoCosine,
  inclusiveRamp,
  linear,
  scatSimClrPublished,
  stepDecay,
} from "../../training/schedule.ts";

describe("schedules", () => {
  test("constant and linear", () => {
    expect([0, 5, 1e9].map(constant(0.3))).toEqual([0.3, 0.3, 0.3]);
    const ramp = linear({ from: 1, to: 3, steps: 4 });
    expect([0, 1, 2, 3, 4, 5].map(ramp)).toEqual([1, 1.5, 2, 2.5, 3, 3]);
    expect(linear({ from: 1, to: 3, steps: 0 })(0)).toBe(3);
  });

  test("cosine: start, warm-up, middle, end and beyond", () => {
    const rate = cosine({ base: 2, final: 1, steps: 12, warmup: 4, warmupFrom: 0.4 });
    expect(rate(0)).toBeCloseTo(0.4, 12);
    expect(rate(2)).toBeCloseTo(1.2, 12);
    expect(rate(4)).toBeCloseTo(2, 12);
    expect(rate(8)).toBeCloseTo(1.5, 12);
    expect(rate(12)).toBe(1);
    expect(rate(100)).toBe(1);
    expect(cosine({ base: 1, steps: 3, warmup: 3 })(3)).toBe(0);
  });

  test("DINO's ramp holds both its ends", () => {
    const rate = dinoCosine({ base: 1, steps: 10, warmup: 5 });
    expect([0, 1, 2, 3, 4, 5].map(rate)).toEqual([0, 0.25, 0.5, 0.75, 1, 1]);
    expect(rate(10)).toBe(0);
    expect([0, 1, 2].map(inclusiveRamp({ from: 1, to: 2, steps: 1 }))).toEqual([1, 2, 2]);
    expect(inclusiveRamp({ from: 1, to: 2, steps: 0 })(0)).toBe(2);
  });

  test("step decay", () => {
    const rate = stepDecay({ base: 1, factor: 0.5, at: [4, 6], warmup: 2 });
    expect([0, 1, 2, 3, 4, 5, 6, 7].map(rate)).toEqual([0, 0.5, 1, 1, 0.5, 0.5, 0.25, 0.25]);
  });

  test("the published ScatSimCLR rule rises again", () => {
    const rate = scatSimClrPublished({ stepsPerEpoch: 742 });
    expect(rate(0)).toBe(3e-4);
    expect(rate(9)).toBe(3e-4);
    expect(rate(751)).toBeCloseTo(0, 12);
    expect(rate(999)).toBeCloseTo(7.5e-5, 6);
  });

  test("impossible numbers are refused", () => {
    expect(() => cosine({ base: 1, steps: 3, warmup: 4 })).toThrow(RangeError);
    expect(() => linear({ from: 0, to: 1, steps: -1 })).toThrow(RangeError);
    expect(() => scatSimClrPublished({ stepsPerEpoch: 0 })).toThrow("stepsPerEpoch is 0");
    expect(() => stepDecay({ base: 1, factor: 1, at: [], warmup: Number.NaN })).toThrow(RangeError);
  });
});
