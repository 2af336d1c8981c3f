import { beforeAll, describe, expect, test } from "vitest";
import { configureDevice } from "../../../mod.ts";
import type { Embeddings } from "../../../training/evaluate/embeddings.ts";
import { neighbourMap } from "../../../training/map/neighbour-map.ts";
import { principalComponents } from "../../../training/map/pca.ts";
import { nodeGPU } from "../../support/host.ts";
import { clouds } from "./clouds.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

describe("principal components", () => {
  test("find the directions that rows were spread along", () => {
    // Along (3, 4) / 5 by 10 sin, across by cos, and nothing along the third axis.
    const angles = Array.from({ length: 50 }, (_, i) => (2 * Math.PI * i) / 50);
    const values = Float32Array.from(
      angles.flatMap((a) => {
        const [along, across] = [10 * Math.sin(a), Math.cos(a)];
        return [0.6 * along - 0.8 * across + 5, 0.8 * along + 0.6 * across, 1];
      }),
    );
    const { coordinates, shares } = principalComponents({ count: 50, width: 3, values }, 2);
    angles.forEach((a, i) => {
      expect(coordinates.values[2 * i]).toBeCloseTo(10 * Math.sin(a), 4);
      expect(Math.abs(coordinates.values[2 * i + 1]!)).toBeCloseTo(Math.abs(Math.cos(a)), 4);
    });
    expect(shares[0]).toBeCloseTo(100 / 101, 6);
    expect(shares[0]! + shares[1]!).toBeCloseTo(1, 6);
  });

  test("of equal rows are nothing", () => {
    const { coordinates, shares } = principalComponents({
      count: 3,
      width: 2,
      values: new Float32Array(6).fill(2),
    });
    expect([...coordinates.values]).toEqual([0, 0, 0, 0, 0, 0]);
    expect(shares).toEqual([0, 0]);
  });
});

describe("the map of neighbours", () => {
  const { embeddings, labels } = clouds(120, 12, 4, { seed: 5, apart: 3 });

  test("keeps clouds apart, and is the same again", async () => {
    const map = await neighbourMap(embeddings);
    expect(map).toMatchObject({ count: 120, width: 2 });
    expect(map.values.every(Number.isFinite)).toBe(true);
    expect((await neighbourMap(embeddings)).values).toEqual(map.values);
    expect(nearestInPlane(map, labels)).toBeGreaterThan(0.95);
  });

  test("places few rows, and equal ones", async () => {
    const few: Embeddings = { count: 3, width: 2, values: Float32Array.of(1, 0, 0, 1, 1, 1) };
    expect((await neighbourMap(few)).values).toHaveLength(6);
    const equal: Embeddings = { count: 10, width: 4, values: new Float32Array(40).fill(1) };
    expect((await neighbourMap(equal)).values.every(Number.isFinite)).toBe(true);
    const line: Embeddings = { count: 2, width: 1, values: Float32Array.of(1, 2) };
    expect((await neighbourMap(line)).values).toHaveLength(4);
  });
});

/** Share of points whose nearest other point in the plane has their label. */
function nearestInPlane({ count, values }: Embeddings, labels: readonly number[]): number {
  let hits = 0;
  for (let i = 0; i < count; i++) {
    let [best, at] = [Number.POSITIVE_INFINITY, -1];
    for (let j = 0; j < count; j++) {
      const distance = Math.hypot(values[2 * i]! - values[2 * j]!, values[2 * i + 1]! - values[2 * j + 1]!);
      if (j !== i && distance < best) [best, at] = [distance, j];
    }
    if (labels[at] === labels[i]) hits++;
  }
  return hits / count;
}
