import { beforeAll, describe, expect, test } from "vitest";
import { configureDevice, tensor } from "../../mod.ts";
import { scattering2d } from "../../models/scattering/scattering2d.ts";
import { goldenTest } from "../golden/golden-file.ts";
import { nodeGPU } from "../support/host.ts";
import { compareWithReference, transformOf } from "./reference.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

describe("values and gradients of the reference", () => {
  for (const name of [
    "J1_L4_o1_16x16",
    "J1_L8_o2_16x16",
    "J2_L4_o2_16x16_zero",
    "J2_L4_o2_nobatch_16x16",
    "J2_L8_o2_5x7",
    "J3_L4_o2_8x8",
    "J4_L4_o1_48x48",
  ]) {
    goldenTest(`scattering/scat2d_${name}`, name, compareWithReference);
  }
});

describe("paths", () => {
  goldenTest(
    "scattering/scat2d_J3_L4_o2_8x8",
    "carry scales, angles and wavelets in order",
    async (golden) => {
      const { paths } = transformOf(golden);
      const filled = (values: readonly number[]) => [...values, -1, -1].slice(0, 2);
      expect(paths.flatMap(({ scales }) => filled(scales))).toEqual(Array.from(golden.values("meta_j")));
      expect(paths.flatMap(({ angles }) => filled(angles))).toEqual(Array.from(golden.values("meta_theta")));
      expect(paths.flatMap(({ wavelets }) => filled(wavelets))).toEqual(Array.from(golden.values("meta_n")));
    },
  );

  test("are there without a device", () => {
    const transform = scattering2d({ J: 2, shape: [32, 28] });
    expect(transform.outputShape).toEqual([81, 8, 7]);
    expect(transform.paths[0]).toEqual({ order: 0, scales: [], angles: [], wavelets: [] });
    expect(transform.paths[20]).toEqual({ order: 2, scales: [0, 1], angles: [0, 3], wavelets: [0, 11] });
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
    [{ J: 1, shape: [8, 8], maxOrder: 3 }, "maxOrder is 3"],
  ])("%j", (options, problem) => {
    expect(() => scattering2d(options as never)).toThrow(problem);
  });

  test("images of another size", () => {
    const transform = scattering2d({ J: 1, shape: [8, 6] });
    expect(() => transform(tensor([[1, 2]]))).toThrow("another size");
    expect(() => transform(tensor([1, 2]))).toThrow("another size");
  });
});
