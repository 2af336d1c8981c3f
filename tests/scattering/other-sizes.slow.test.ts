import { beforeAll, describe, expect, test } from "vitest";
import { configureDevice, tensor } from "../../mod.ts";
import { scattering2d } from "../../models/scattering/scattering2d.ts";
import { distance } from "../support/distance.ts";
import { nodeGPU } from "../support/host.ts";
import { slowScattering } from "./slow-transform.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

describe("agrees with the definition", () => {
  test.each<[shape: [number, number], J: number, L: number, maxOrder: 1 | 2]>([
    [[28, 28], 2, 5, 2], // 36 is odd after two halvings
    [[44, 20], 2, 2, 2], // 52 = 4 * 13, and 28 = 4 * 7
    [[17, 31], 1, 3, 2], // odd everywhere, and no second order
    [[64, 4], 2, 7, 2], // as narrow as can be: the pad is the whole image
    [[70, 66], 3, 1, 2], // padded before it is transformed
    [[20, 33], 2, 4, 2], // products of filters of the axes
    [[26, 26], 3, 4, 1],
  ])("for images of %j, J %i, L %i, order %i", async (shape, J, L, maxOrder) => {
    const size = shape[0] * shape[1];
    const values = Float64Array.from({ length: 2 * size }, (_, i) => Math.fround(Math.sin(0.1 * i * i)));
    const got = await scattering2d({ J, L, shape, maxOrder })(
      tensor(values, { shape: [2, ...shape] }),
    ).data();
    const wanted = [0, 1].flatMap((b) =>
      slowScattering(values.subarray(b * size, (b + 1) * size), { J, L, shape, maxOrder }),
    );
    expect(got.length).toBe(wanted.length);
    expect(distance(got, Float64Array.from(wanted))).toBeLessThan(2e-6);
  });
});
