import { describe, expect, test } from "vitest";
import type { Embeddings } from "../../training/evaluate/embeddings.ts";
import { freshWatch, signsOfCollapse, watchCollapse } from "../../training/monitors/collapse.ts";
import { type Monitors, measure } from "../../training/monitors/monitors.ts";
import { alignment, contrastiveTop1, uniformity } from "../../training/monitors/pairs.ts";
import { deadDimensions, effectiveRank } from "../../training/monitors/spectrum.ts";

/** Numbers without a pattern, about normal, the same each time. */
function noise(count: number, width: number, scale = 1, seed = 1): Embeddings {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const values = Float32Array.from(
    { length: count * width },
    () => scale * (next() + next() + next() + next()),
  );
  return { count, width, values };
}

const mix = (a: Embeddings, f: (x: number, at: number) => number): Embeddings => ({
  ...a,
  values: a.values.map(f),
});

describe("effective rank", () => {
  test("counts directions in use", () => {
    expect(effectiveRank(noise(400, 8))).toBeGreaterThan(7.5);
    expect(effectiveRank(noise(400, 8))).toBeLessThanOrEqual(8 + 1e-9);
    const plane = mix(noise(200, 6), (x, at) => (at % 6 < 2 ? x : 0));
    expect(effectiveRank(plane)).toBeCloseTo(2, 1);
    expect(effectiveRank(mix(noise(20, 6), (_, at) => at % 6))).toBe(0);
  });

  test("is the same from either side", () => {
    const wide = noise(10, 40);
    expect(effectiveRank(wide)).toBeLessThanOrEqual(9 + 1e-9);
    expect(effectiveRank(wide)).toBeGreaterThan(8);
  });
});

test("dead dimensions are those that do not change", () => {
  expect(deadDimensions(mix(noise(30, 10), (x, at) => (at % 10 < 4 ? 0.7 : x)))).toBeCloseTo(0.4);
});

describe("pairs", () => {
  test("alignment and uniformity are those of the paper", () => {
    const circle = (turn: number): Embeddings => ({
      count: 4,
      width: 2,
      values: Float32Array.from(
        [0, 1, 2, 3].flatMap((i) => [Math.cos(i * 1.57079632679 + turn), Math.sin(i * 1.57079632679 + turn)]),
      ),
    });
    expect(alignment(circle(0), circle(0))).toBeCloseTo(0, 6);
    expect(alignment(circle(0), circle(0.1))).toBeCloseTo(2 - 2 * Math.cos(0.1), 6);
    // Squared distances: four pairs of neighbours at 2, two of opposites at 4.
    const expected = Math.log((4 * Math.exp(-4) + 2 * Math.exp(-8)) / 6);
    expect(uniformity(circle(0), circle(1))).toBeCloseTo(expected, 5);
  });

  test("top-1 finds the other view", () => {
    const a = noise(20, 16);
    expect(
      contrastiveTop1(
        a,
        mix(a, (x) => 2 * x),
      ),
    ).toBe(1);
    expect(contrastiveTop1(a, noise(20, 16, 1, 9))).toBeLessThan(0.3);
    expect(
      contrastiveTop1(
        mix(a, () => 1),
        mix(a, () => 1),
      ),
    ).toBe(0);
  });
});

describe("signs of collapse", () => {
  const [h, a, b] = [noise(100, 32), noise(100, 16), noise(100, 16)];
  const start = measure(
    100,
    mix(h, (x) => Math.max(0, x + 0.5)),
    [mix(a, (x) => x + 1), mix(b, (x) => x + 1)],
    null,
  );
  const look = (rows: Embeddings, pair: [Embeddings, Embeddings]) => measure(100, rows, pair, null);

  test("are none where embeddings fill their space", () => {
    expect(signsOfCollapse(look(h, [a, b]), start)).toEqual([]);
    expect(signsOfCollapse(look(h, [a, b]), null)).toEqual([]);
    expect(signsOfCollapse(start, start)).toEqual([]);
  });

  test("are none for few dimensions", () => {
    const narrow = noise(100, 3);
    const now = look(narrow, [narrow, narrow]);
    expect(signsOfCollapse(now, now)).toEqual([]);
  });

  test.each<[string, Monitors, RegExp]>([
    [
      "one point",
      look(
        mix(h, (x) => 1 + 1e-3 * x),
        [a, b],
      ),
      /all images are nearly alike to it \(spread 0.00/,
    ],
    [
      "close projections",
      look(h, [mix(a, (x) => 1 + 0.02 * x), mix(b, (x) => 1 + 0.02 * x)]),
      /lie close together \(uniformity -0.0/,
    ],
    [
      "a line",
      look(
        mix(h, (_, at) => (at % 32) * (h.values[Math.floor(at / 32)] as number)),
        [a, b],
      ),
      /it uses 1.0 of 32 directions/,
    ],
    [
      "a plane of projections",
      look(h, [mix(a, (x, at) => (at % 16 < 2 ? x : 0)), b]),
      /its projection uses 1.9 of 16 directions/,
    ],
    [
      "dead units",
      look(
        mix(h, (x, at) => (at % 32 < 29 ? 0 : x)),
        [a, b],
      ),
      /91 % of its dimensions/,
    ],
  ])("%s", (_, now, sign) => {
    expect(signsOfCollapse(now, start).join("; ")).toMatch(sign);
  });

  test("are no warning while batch norm's statistics are on their way, even at the end of a short run", () => {
    const bad = look(
      mix(h, () => 1),
      [a, b],
    );
    expect(watchCollapse(freshWatch, bad, { step: 59, last: true }).warning).toBeNull();
  });

  test("are there for projections that never differed", () => {
    const point = mix(a, () => 1);
    const never = look(h, [point, point]);
    expect(signsOfCollapse(never, never).join()).toMatch(/projections of all images lie close together/);
  });

  test("become a warning once, and not by one early look", () => {
    const [good, bad] = [
      look(h, [a, b]),
      look(
        mix(h, () => 1),
        [a, b],
      ),
    ];
    let watch = freshWatch;
    const warnings = [
      [0, start],
      [10, bad],
      [50, bad],
      [60, bad],
      [65, good],
      [70, bad],
      [75, bad],
      [80, bad],
      [85, good],
      [200, bad],
      [210, bad],
    ].map(([step, monitors]) => {
      const seen = watchCollapse(watch, monitors as Monitors, { step: step as number, last: false });
      watch = seen.watch;
      return seen.warning === null ? null : step;
    });
    expect(warnings.filter((x) => x !== null)).toEqual([75, 200]);
    expect(watchCollapse(freshWatch, bad, { step: 60, last: true }).warning).toMatch(
      /^the representation has collapsed: .*Try a smaller learning rate/,
    );
  });
});
