import { expect, test } from "vitest";
import { tensor } from "../../../mod.ts";
import { patchSimilarity } from "../../../training/mod.ts";
import { useNodeDevice } from "../../functions/check.ts";

useNodeDevice();

test("patches resemble themselves fully, and others by the angle between them", async () => {
  const patches = tensor([
    [3, 0],
    [1, 1],
    [0, -2],
    [-1, 0],
  ]);
  const wanted = [1, Math.SQRT1_2, 0, -1];
  for (const query of [0, tensor([7, 0])]) {
    const got = await patchSimilarity(patches, query).data();
    wanted.forEach((want, i) => {
      expect(got[i]).toBeCloseTo(want, 6);
    });
  }
});
