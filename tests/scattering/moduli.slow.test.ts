import { beforeAll, expect, test } from "vitest";
import { configureDevice, type Tensor, tensor } from "../../mod.ts";
import { scattering2d } from "../../models/scattering/scattering2d.ts";
import { goldenTest } from "../golden/golden-file.ts";
import { distance } from "../support/distance.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

goldenTest("scattering/stages_J3_L4_24x32", "moduli are those of the reference", async (golden) => {
  const moduli = scattering2d({ J: 3, L: 4, shape: [24, 32] }).moduli(golden.tensor("input"));
  const maps = (...wavelets: number[]): Tensor => {
    const scales = wavelets.map((n) => Math.floor(n / 4)).join();
    const found = moduli.find((entry) => entry.scales.join() === scales) as (typeof moduli)[number];
    return found.maps.slice(...wavelets.map((n) => n % 4));
  };
  let compared = 0;
  for (const name of golden.names) {
    const wavelets = /^U\d((?:_n\d+)+)$/.exec(name)?.[1]?.split("_n").slice(1).map(Number);
    if (!wavelets) continue;
    const got = maps(...wavelets);
    expect(got.shape).toEqual(golden.array(name).shape);
    expect(distance(await got.data(), golden.values(name)), name).toBeLessThan(1e-5);
    compared++;
  }
  expect(compared).toBe(7);
});

test("moduli of other numbers of angles are there by scale and angle, on the padded grid", async () => {
  const images = tensor(
    Float32Array.from({ length: 2 * 12 * 8 }, (_, i) => Math.cos(0.3 * i * i)),
    { shape: [2, 1, 12, 8] },
  );
  const transform = scattering2d({ J: 2, L: 3, shape: [12, 8] });
  const moduli = transform.moduli(images);
  expect(moduli.map(({ scales, maps }) => [scales, maps.shape])).toEqual([
    [[0], [2, 1, 3, 20, 16]],
    [[1], [2, 1, 3, 10, 8]],
    [
      [0, 1],
      [2, 1, 3, 3, 10, 8],
    ],
  ]);
  // The averages of the maps are the coefficients; over all of an image's periodic grid the low-pass keeps the mean.
  const [first, second] = await Promise.all([moduli[1]!.maps.data(), moduli[2]!.maps.data()]);
  expect(Math.min(...first, ...second)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...second)).toBeGreaterThan(0.01);
});
