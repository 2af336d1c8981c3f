import { beforeAll, describe, expect, test } from "vitest";
import { configureDevice, grad, type Tensor, tensor, zeros } from "../../mod.ts";
import { scattering2d } from "../../models/scattering/scattering2d.ts";
import { goldenTest } from "../golden/golden-file.ts";
import { nodeGPU } from "../support/host.ts";
import { compareWithReference, references, transformOf } from "./reference.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

describe("values and gradients of the reference", () => {
  goldenTest(`scattering/scat2d_${references[0]}`, references[0], compareWithReference);
});

describe("paths", () => {
  for (const name of references) {
    goldenTest(`scattering/scat2d_${name}`, `of ${name} are those of the reference`, async (golden) => {
      const { paths } = transformOf(golden);
      const filled = (values: readonly number[]) => [...values, -1, -1].slice(0, 2);
      expect(paths.flatMap(({ scales }) => filled(scales))).toEqual(Array.from(golden.values("meta_j")));
      expect(paths.flatMap(({ angles }) => filled(angles))).toEqual(Array.from(golden.values("meta_theta")));
      expect(paths.flatMap(({ wavelets }) => filled(wavelets))).toEqual(Array.from(golden.values("meta_n")));
    });
  }

  test("are there without a device", () => {
    const transform = scattering2d({ J: 2, shape: [32, 28] });
    expect(transform.outputShape).toEqual([81, 8, 7]);
    expect(transform.paths[0]).toEqual({ order: 0, scales: [], angles: [], wavelets: [] });
    expect(transform.paths[20]).toEqual({ order: 2, scales: [0, 1], angles: [0, 3], wavelets: [0, 11] });
  });

  test.each([
    { J: 1, L: 3 },
    { J: 2, L: 16 },
    { J: 4, L: 5 },
    { J: 3, L: 4, maxOrder: 1 as const },
  ])("lead back to their channels: %j", (options) => {
    const transform = scattering2d({ ...options, shape: [32, 32] });
    expect(transform.paths.map((path) => transform.channelOf(path))).toEqual(
      transform.paths.map((_, k) => k),
    );
  });

  test("that are none have no channel", () => {
    const transform = scattering2d({ J: 2, L: 4, shape: [32, 32] });
    for (const [scales, angles] of [
      [[2], [0]],
      [[0], [4]],
      [
        [1, 0],
        [0, 0],
      ],
      [
        [1, 1],
        [0, 0],
      ],
      [[0, 1], [0]],
      [
        [0, 1, 2],
        [0, 0, 0],
      ],
    ] as [number[], number[]][])
      expect(() => transform.channelOf({ scales, angles })).toThrow(RangeError);
  });
});

test("list output has one record a channel", async () => {
  const transform = scattering2d({ J: 1, L: 2, shape: [6, 5] });
  const images = tensor(
    Float32Array.from({ length: 60 }, (_, i) => Math.sin(i * i)),
    { shape: [2, 6, 5] },
  );
  const [array, list] = [transform(images), transform.list(images)];
  expect(array.shape).toEqual([2, 3, 3, 2]);
  expect(list.map(({ order, angles }) => [order, ...angles])).toEqual([[0], [1, 0], [1, 1]]);
  const all = await array.data();
  const last = await list[2]!.value.data();
  expect(Array.from(last)).toEqual([...all.slice(12, 18), ...all.slice(30, 36)]);
});

test("pieces are bounded and follow each other", () => {
  const transform = scattering2d({ J: 1, L: 2, shape: [6, 4] });
  const images = tensor(new Float32Array(7 * 3 * 24), { shape: [7, 3, 6, 4] });
  const pieces = transform.inPieces(images, { maxBytes: 3 * 3 * 3 * 3 * 2 * 4 });
  expect(pieces.map(({ shape }) => shape)).toEqual([3, 3, 1].map((n) => [n, 3, 3, 3, 2]));
  expect(transform.inPieces(images).length).toBe(1);
  expect(transform.inPieces(images, { maxBytes: 1 }).length).toBe(7);
});

test("no images have no coefficients, and no gradient", async () => {
  const transform = scattering2d({ J: 1, L: 2, shape: [6, 4] });
  const images = zeros([0, 3, 6, 4]);
  expect(transform(images).shape).toEqual([0, 3, 3, 3, 2]);
  expect(transform.list(images)[2]?.value.shape).toEqual([0, 3, 3, 2]);
  expect(transform.inPieces(images).map(({ shape }) => shape)).toEqual([[0, 3, 3, 3, 2]]);
  const gradient = grad((x: Tensor) => transform(x).sum())(images);
  expect([gradient.shape, (await gradient.data()).length]).toEqual([[0, 3, 6, 4], 0]);
});

test("equal options give the same function", () => {
  expect(scattering2d({ J: 2, L: 8, shape: [16, 16] })).toBe(scattering2d({ J: 2, shape: [16, 16] }));
  expect(scattering2d({ J: 2, shape: [16, 16] })).not.toBe(scattering2d({ J: 2, shape: [16, 17] }));
});

describe("refuses", () => {
  test.each([
    [{ J: 0, shape: [8, 8] }, "J is 0"],
    [{ J: 1.5, shape: [8, 8] }, "J is 1.5"],
    [{ J: 4, shape: [32, 15] }, "smaller than 2^J = 16"],
    [{ J: 1, L: 0, shape: [8, 8] }, "L is 0"],
    [{ J: 1, shape: [8] }, "rows and columns"],
    [{ J: 1 }, "rows and columns"],
    [{ J: 1, shape: [8, 8], maxOrder: 3 }, "maxOrder is 3"],
  ])("%j", (options, problem) => {
    expect(() => scattering2d(options as never)).toThrow(problem);
  });

  test("images of another size", () => {
    const transform = scattering2d({ J: 1, shape: [8, 6] });
    expect(() => transform(tensor([[1, 2]]))).toThrow("another size");
    expect(() => transform(tensor([1, 2]))).toThrow("another size");
    expect(() => transform([[1, 2]] as never)).toThrow("no tensor");
  });
});
