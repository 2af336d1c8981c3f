// Losses on the factors of scores: equal to those on the scores themselves, and never with all of them in memory.
import { describe, expect, test } from "vitest";
import type { PlanValue } from "../../engine/ir/plan.ts";
import { dinoLoss, esVitLoss, type Scores, selfPatchLoss } from "../../losses/mod.ts";
import { compile, key, matmul, normal, normalize, type Tensor, valueAndGrad, zeros } from "../../mod.ts";
import { useNodeDevice } from "../functions/check.ts";
import { distance, largest } from "../support/distance.ts";
import { mostAtOnce } from "../support/live-bytes.ts";

useNodeDevice();

/** Unit vectors and prototypes that are made from numbers, so that all kinds of losses share them. */
type Sides = Record<string, { x: Tensor; weight: Tensor }>;

const WIDTH = 6;

const side = (seed: number, rows: number, count: number) => ({
  x: normal(key(seed), [rows, WIDTH]),
  weight: normal(key(seed + 100), [count, WIDTH]),
});

const vectors = (x: Tensor) => normalize(x, { axis: 1 });

const asFactors = ({ x, weight }: Sides[string]): Scores => ({ vectors: vectors(x), weight });
const whole = ({ x, weight }: Sides[string]): Scores => matmul(vectors(x), weight.transpose());

const both = { center: normal(key(7), [1, 20]), teacherTemperature: 0.06 };
const at = (sides: Sides, name: string) => sides[name] as Sides[string];

const losses: Record<
  string,
  { sides: Sides; loss: (sides: Sides, as: typeof whole, chunk: number) => { loss: Tensor; center: Tensor } }
> = {
  DINO: {
    sides: { student: side(1, 12, 20), teacher: side(2, 6, 20) },
    loss: (s, as, chunk) =>
      dinoLoss(as(at(s, "student")), as(at(s, "teacher")), { crops: 4, chunk, ...both }),
  },
  SelfPatch: {
    sides: {
      student: side(1, 8, 20),
      patches: side(3, 2 * (2 * 4 + 2 * 3), 20),
      teacher: side(2, 8, 20),
      teacherPatches: side(4, 2 * (2 * 4 + 2 * 3), 20),
    },
    loss: (s, as, chunk) =>
      selfPatchLoss(
        { class: as(at(s, "student")), patch: as(at(s, "patches")) },
        { class: as(at(s, "teacher")), patch: as(at(s, "teacherPatches")) },
        { crops: 4, patches: [4, 3], patchCenter: both.center, chunk, ...both },
      ),
  },
  EsViT: {
    sides: {
      student: side(1, 8, 20),
      regions: side(3, 2 * (2 * 4 + 2 * 3), 20),
      teacher: side(2, 4, 20),
      teacherRegions: side(4, 2 * 2 * 4, 20),
    },
    loss: (s, as, chunk) =>
      esVitLoss(
        { view: as(at(s, "student")), region: as(at(s, "regions")), features: at(s, "regions").x },
        {
          view: as(at(s, "teacher")),
          region: as(at(s, "teacherRegions")),
          features: at(s, "teacherRegions").x,
        },
        { crops: 4, regions: [4, 3], regionCenter: both.center, chunk, ...both },
      ),
  },
};

describe("scores as factors", () => {
  for (const [name, { sides, loss }] of Object.entries(losses)) {
    test(`${name}: value, centre and gradients are those of whole scores`, async () => {
      const run = compile((s: Sides) =>
        ([whole, asFactors] as const).map((as) => {
          const { value, grads, aux } = valueAndGrad((of: Sides) => {
            const result = loss(of, as, 8); // 8, 8 and 4 of 20
            return { loss: result.loss, aux: result.center };
          })(s);
          return [value, aux as Tensor, ...Object.values(grads).flatMap(({ x, weight }) => [x, weight])];
        }),
      );
      const [plain = [], chunked = []] = run(sides);
      for (const [i, x] of plain.entries()) {
        const [want, got] = [await x.data(), await (chunked[i] as Tensor).data()];
        expect(distance(got, want)).toBeLessThan(2e-6 * Math.max(1, largest(want)));
      }
      // The student's gradients are there, and not zero.
      expect(largest(await (plain[2] as Tensor).data())).toBeGreaterThan(1e-3);
    });
  }

  // Twelve images fill a power of two of prototypes nearly: 2,040 rows by 4,096 would be 33 MB.
  test.each([8, 12])(
    "EsViT's heads of 65,536 prototypes have less than 64 MB of scores at once, %i images",
    (batch) => {
      const [count, width, crops] = [65536, 256, 10];
      const regions = [49, 9] as const;
      const net = (n: number, rows: number) => ({
        view: { vectors: zeros([n * batch, width]), weight: zeros([count, width]) },
        region: { vectors: zeros([rows, width]), weight: zeros([count, width]) },
        features: zeros([rows, 768]),
      });
      const rows = batch * (2 * regions[0] + (crops - 2) * regions[1]);
      const step = compile(
        (student: ReturnType<typeof net>, teacher: ReturnType<typeof net>, center: Tensor) =>
          valueAndGrad(
            (s: typeof student) =>
              esVitLoss(s, teacher, {
                crops,
                regions,
                center,
                regionCenter: center,
                teacherTemperature: 0.04,
              }).loss,
          )(student),
      );
      const plan = step.plan(net(crops, rows), net(2, batch * 2 * regions[0]), zeros([1, count]));
      const isScores = ({ shape }: PlanValue) => shape.length === 2 && shape[0]! >= 16 && shape[1]! >= 512;
      const most = mostAtOnce(
        plan,
        (value) => isScores(value) && !value.shape.includes(width) && value.shape[1] !== 768,
      );
      expect(most).toBeGreaterThan(rows * 1024 * 4);
      expect(most).toBeLessThan(64e6);
      // Whole, the regions of the student alone would be 357 MB with eight images.
      expect(Math.max(...plan.pools)).toBeLessThan(200e6);
    },
  );
});
