import { describe, expect, test } from "vitest";
import { createDevice, explain, setDevice, type Tensor, tensor, valueAndGrad } from "../../mod.ts";
import { Cascade } from "../../models/scattering/cascade.ts";
import { geometry } from "../../models/scattering/geometry.ts";
import { portionsOf } from "../../models/scattering/portions.ts";
import { scattering2d } from "../../models/scattering/scattering2d.ts";
import { useDevice } from "../support/device.ts";
import { distance, largest } from "../support/distance.ts";
import { nullGPU } from "../support/host.ts";

describe("a large batch", () => {
  const shape = [64, 3, 96, 96] as const;
  const transform = scattering2d({ J: 2, L: 16, shape: [96, 96] });
  const bytes = 4 * 64 * 3 * (96 * 96 + 289 * 24 * 24);

  test("plans no more than 1.5 times what goes in and comes out", () => {
    const images = tensor(new Float32Array(64 * 3 * 96 * 96), { shape });
    expect(explain((x: Tensor) => transform(x), images).peakBytes).toBeLessThan(1.5 * bytes);
  });

  test("and allocates no more", async () => {
    const device = await createDevice({ gpu: nullGPU() });
    setDevice(device);
    const images = tensor(new Float32Array(64 * 3 * 96 * 96), { shape }).evaluate();
    const features = transform(images).evaluate();
    await device.idle();
    const { peak } = device.memory();
    expect(peak).toBeGreaterThan(bytes);
    expect(peak).toBeLessThan(1.5 * bytes);
    features.dispose();
    device.destroy();
  });
});

describe("portions", () => {
  useDevice();

  test.each([3, 4])("change neither values nor gradients, with %i angles", async (angles) => {
    const options = { geometry: geometry([12, 16], 2), scales: 2, angles, maxOrder: 2 } as const;
    const images = tensor(
      Float32Array.from({ length: 5 * 192 }, (_, i) => Math.sin(0.1 * i * i)),
      { shape: [5, 12, 16] },
    );
    const cut = { ...options, room: 20_000 };
    expect(portionsOf(5, options).images).toEqual([5]);
    expect(portionsOf(5, cut).images.length).toBeGreaterThan(1);
    const run = (cascade: Cascade) => {
      const { grads, aux } = valueAndGrad((x: Tensor) => {
        const y = cascade.coefficients(x);
        return { loss: y.mul(y).sum(), aux: y };
      })(images);
      return Promise.all([aux.data(), grads.data()]);
    };
    const [whole, pieces] = [await run(new Cascade(options)), await run(new Cascade(cut))];
    expect(largest(whole[0])).toBeGreaterThan(0.1);
    expect(distance(pieces[0], whole[0])).toBeLessThan(1e-6);
    expect(distance(pieces[1], whole[1])).toBeLessThan(1e-5);
  });

  test("hold all images, and fit", () => {
    for (const count of [0, 1, 7, 200]) {
      const options = { geometry: geometry([32, 32], 2), scales: 2, angles: 8, maxOrder: 2 } as const;
      const { images, angles } = portionsOf(count, { ...options, room: 1e6 });
      expect(images.reduce((a, b) => a + b, 0)).toBe(count);
      expect(Math.max(...images) - Math.min(...images)).toBeLessThanOrEqual(1);
      expect(8 % angles).toBe(0);
    }
  });
});
