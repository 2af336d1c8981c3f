// Contractions of sizes at the edges of tiles and with odd depths, in every family, on the CPU by their text.
import { describe, expect, test } from "vitest";
import { baseProfile, KERNELS, type Profile, softwareProfile } from "../../engine/core/profile.ts";
import { conv2d } from "../../engine/functions/convolution.ts";
import type { GraphNode } from "../../engine/ir/node.ts";
import { ops as o } from "../../engine/ops/build.ts";
import { quadProfile } from "../support/quad-profile.ts";
import { planOf, runOnHost } from "../support/run-plan.ts";
import { f32, product, values } from "./whole-numbers.ts";

const families = { gpu: baseProfile, software: softwareProfile, quads: quadProfile };

/** Sizes of batch, rows, columns and depth. */
const sizes: readonly [number, number, number, number][] = [
  [1, 1, 1, 1],
  [1, 17, 33, 3],
  [1, 16, 64, 4],
  [2, 13, 17, 5],
  [3, 5, 6, 18],
  [1, 40, 9, 23],
  [7, 3, 2, 8],
  [3, 60, 90, 3],
];

describe.each(Object.entries(families))("%s", (_, profile) => {
  test.each(sizes)("products of %i times %i, %i, %i", (...size) => {
    const [batch, m, n, k] = size;
    const a = f32(batch, m, k);
    const b = f32(batch, k, n);
    const y = o.dot(a, b, { batchA: [0], batchB: [0], contractA: [2], contractB: [1] });
    const given = new Map([a, b].map((x, i) => [x, values(x, i)]));
    const [result] = runOnHost([y], given, { profile });
    expect(result).toEqual(product(size, values(a, 0), values(b, 1)));
  });

  test.each([1, 3, 4, 16, 18])("a convolution of %i channels is that of shifted images", (channels) => {
    const x = f32(1, channels, 5, 6);
    const w = f32(3, channels, 3, 3);
    const given = new Map([x, w].map((each, i) => [each, values(each, i)]));
    const [result] = runOnHost([conv2d(x, w, { padding: 1 })], given, { profile });
    const expected = new Float32Array(3 * 5 * 6);
    const [xs, ws] = [values(x, 0), values(w, 1)];
    for (let c = 0; c < 3; c++)
      for (let i = 0; i < 30; i++)
        for (let l = 0; l < channels * 9; l++) {
          const [row, column] = [Math.floor(i / 6) + (Math.floor(l / 3) % 3) - 1, (i % 6) + (l % 3) - 1];
          if (row < 0 || row > 4 || column < 0 || column > 5) continue;
          expected[c * 30 + i]! +=
            (xs[Math.floor(l / 9) * 30 + row * 6 + column] as number) * (ws[c * channels * 9 + l] as number);
        }
    expect(result).toEqual(expected);
  });

  test("what lies outside of an image never counts, infinite or not", () => {
    const x = f32(1, 4, 3, 3);
    const w = f32(1, 4, 3, 3);
    const given = new Map([
      [x, new Float32Array(36).fill(Infinity)],
      [w, new Float32Array(36).fill(1)],
    ]);
    const [result] = runOnHost([conv2d(x, w, { padding: 1 })], given, { profile });
    expect(result).toEqual(new Float32Array(9).fill(Infinity));
  });
});

test.each(sizes)("large tiles store %i times %i, %i, %i in a loop, each sum in its place", (...size) => {
  const [batch, m, n, k] = size;
  const a = f32(batch, m, k);
  const b = f32(batch, k, n);
  const [c, d] = [f32(batch, m, n), f32(n)];
  const sum = o.dot(a, b, { batchA: [0], batchB: [0], contractA: [2], contractB: [1] });
  const y = o.add(o.mul(o.sub(sum, c), o.add(sum, c)), d);
  const given = new Map([a, b, c, d].map((x, i) => [x, values(x, i)]));
  const dots = { [`${size}`]: { variant: "quad", tm: 7, tn: 3, quads: 1 } };
  const profile = { ...quadProfile, tuning: { adapter: "", kernels: KERNELS, dots } };
  expect(planOf([y], { profile }).steps[0]?.program.wgsl).toContain("= sums[r * 3 + 2];");
  const sums = product(size, values(a, 0), values(b, 1));
  const [others, last] = [values(c, 2), values(d, 3)];
  const expected = sums.map((x, i) => x ** 2 - (others[i] as number) ** 2 + (last[i % n] as number));
  expect(runOnHost([y], given, { profile })).toEqual([expected]);
});

describe.each(Object.entries(families))("axes that are contracted together, %s", (_, profile) => {
  const size = [1, 12, 9, 69] as const;
  const along = { batchA: [], batchB: [], contractA: [0, 1], contractB: [0, 1] };
  const [a, b] = [f32(3, 23, 12), f32(3, 23, 9)];
  const rows = values(a, 0);
  const turned = rows.map((_, i) => rows[(i % 69) * 12 + Math.floor(i / 69)] as number);
  const rounds = (y: GraphNode) => planOf([y], { profile }).steps[0]?.program.wgsl.match(/ < \d+; /g);
  const one = rounds(o.dot(f32(12, 69), f32(69, 9), { ...along, contractA: [1], contractB: [0] }));

  test("are one loop where both operands lie so", () => {
    // By the way of a negation, which is computed where it is read.
    const y = o.dot(o.neg(a), b, along);
    expect(rounds(y)).toEqual(one);
    const given = new Map([a, b].map((x, i) => [x, values(x, i)]));
    const expected = product(
      size,
      turned.map((x) => -x),
      values(b, 1),
    );
    expect(runOnHost([y], given, { profile })).toEqual([expected]);
  });

  test("are several where one of them does not", () => {
    const c = f32(23, 3, 9);
    const y = o.dot(a, o.permute(c, [1, 0, 2]), along);
    expect(rounds(y)).not.toEqual(one);
    const [first, second] = [values(a, 0), values(c, 1)];
    const swapped = second.map((_, i) => {
      const k = Math.floor(i / 9);
      return second[((k % 23) * 3 + Math.floor(k / 23)) * 9 + (i % 9)] as number;
    });
    const result = runOnHost(
      [y],
      new Map([
        [a, first],
        [c, second],
      ]),
      { profile },
    );
    expect(result).toEqual([product(size, turned, swapped)]);
  });

  test("are several where what is added to one of them goes along one axis alone", () => {
    const d = f32(3, 1, 12);
    const y = o.dot(o.add(a, d), b, along);
    expect(rounds(y)).not.toEqual(one);
    const more = values(d, 2);
    const sum = turned.map(
      (x, i) => x + (more[Math.floor((i % 69) / 23) * 12 + Math.floor(i / 69)] as number),
    );
    const given = new Map([a, b, d].map((x, i) => [x, values(x, i)]));
    expect(runOnHost([y], given, { profile })).toEqual([product(size, sum, values(b, 1))]);
  });
});

test("lanes in fours take from each other, and only where the adapter has them", () => {
  const y = o.dot(f32(64, 64), f32(64, 64), { batchA: [], batchB: [], contractA: [1], contractB: [0] });
  const texts = [softwareProfile, quadProfile].map((profile) =>
    planOf([y], { profile }).steps.map((s) => s.program.wgsl),
  );
  expect(texts.map(([text]) => text?.includes("quadSwapDiagonal"))).toEqual([false, true]);
});

test("long contractions are cut where drivers end loops after 65535 rounds, without a word", () => {
  const along = { batchA: [], batchB: [], contractA: [1], contractB: [0] };
  const y = o.dot(f32(16, 131072), f32(131072, 144), along);
  const names = planOf([y], { profile: softwareProfile }).steps.map((s) => s.program.name);
  expect(names[0]).toContain("4x16x144x32768");

  // Of a prime number of steps, what is left over is apart.
  const odd = o.dot(f32(16, 65537), f32(65537, 144), along);
  const sizes = planOf([odd], { profile: softwareProfile }).steps.map((s) => s.program.name);
  expect(sizes.slice(0, 2)).toEqual(["dot_dot_2x16x144x32767", "bundle_of_2_dot_dot_1x16x144x1"]);
});

test("long rows are shared by lanes there", () => {
  const y = o.sum(f32(100003, 8), [0]);
  const text = (profile: Profile) => planOf([y], { profile }).steps[0]?.program.wgsl;
  expect(text(softwareProfile)).toContain("workgroupBarrier");
  expect(text(quadProfile)).not.toContain("workgroupBarrier");
});
