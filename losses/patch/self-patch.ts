import { ShapeError, type Tensor } from "../../mod.ts";
import {
  type Comparison,
  compareScores,
  meanScores,
  nextCenter,
  rowCount,
  type Scores,
  someRows,
  type Value,
} from "../self-distillation/scores.ts";
import { checkRows, meanOfPairs, viewTerms } from "../view/dino.ts";

/** What a network says of a batch: rows crop by crop, the large crops first. */
export interface SelfPatchScores {
  /** Of the summaries of the crops, `f32[crops * B, K]` or its factors. */
  readonly class: Scores;
  /** Of the patches of all crops: crop by crop, image by image, row by row. `f32[sum of B * N, Kp]` or its factors. */
  readonly patch: Scores;
}

export interface SelfPatchLossOptions {
  /** Crops of each image. */
  readonly crops: number;
  /** Patches of a large crop and of a small one. */
  readonly patches: readonly [large: number, small: number];
  /** Running mean of the teacher's scores of summaries, `f32[1, 1, K]`. */
  readonly center: Tensor;
  /** Running mean of the teacher's scores of patches, `f32[1, Kp]`. */
  readonly patchCenter: Tensor;
  readonly teacherTemperature: Value;
  /** Default 0.1. */
  readonly studentTemperature?: Value;
  /** Weight of the patches beside the summaries. Default 0.1. */
  readonly patchWeight?: number;
  /** What the centres keep of themselves in a step. Default 0.9. */
  readonly centerMomentum?: number;
  /** See `CompareOptions`. */
  readonly chunk?: number;
}

export interface SelfPatchLoss {
  /** `classLoss + patchWeight * patchLoss`, `f32[]`. */
  readonly loss: Tensor;
  readonly classLoss: Tensor;
  readonly patchLoss: Tensor;
  /** The centres for the next step. */
  readonly center: Tensor;
  readonly patchCenter: Tensor;
}

/**
 * SelfPatch: DINO's loss between views, and beside it each patch of the student has to tell what the teacher says of
 * the patches around it that are most like it, in the same crop at the same place.
 *
 * The patch loss is a plain mean over crops, so a large crop counts as much as a small one. Unlike DINO's, the class
 * centre is a mean over all crops; the patch centre is one over all patches.
 *
 * @param student Of all crops.
 * @param teacher Of all crops, its patches as summaries of their neighbours; it gets no gradient.
 * @throws {ShapeError} If the rows are not those of the crops.
 *
 * Gradient: reaches the student's scores.
 *
 * Source: losses/patch/self-patch.ts. Paper: Yun et al. 2022, eq. 3 to 6.
 */
export function selfPatchLoss(
  student: SelfPatchScores,
  teacher: SelfPatchScores,
  options: SelfPatchLossOptions,
): SelfPatchLoss {
  const { crops, patches, center, patchCenter, patchWeight = 0.1, centerMomentum = 0.9 } = options;
  const batch = rowCount(student.class) / crops;
  checkRows("selfPatchLoss", student.class, teacher.class, batch, crops);
  const groups = [2 * batch * patches[0], (crops - 2) * batch * patches[1]];
  checkRows("selfPatchLoss", student.patch, teacher.patch, rowCount(student.patch), 1);
  if (rowCount(student.patch) !== groups[0]! + groups[1]!) {
    throw new ShapeError("selfPatchLoss", {
      problem: `${rowCount(student.patch)} rows are not those of ${patches[0]} patches of each large crop and ${patches[1]} of each small one`,
      got: { crops, batch },
    });
  }
  const views = compareScores(student.class, someRows(teacher.class, 0, 2 * batch), options);
  const classLoss = meanOfPairs(viewTerms(views, crops));
  const places = compareScores(student.patch, teacher.patch, { ...options, center: patchCenter });
  const patchLoss = meanOverCrops(places, groups, [2, crops - 2]);
  return {
    loss: classLoss.add(patchLoss.mul(patchWeight)),
    classLoss,
    patchLoss,
    center: nextCenter(center, meanScores(teacher.class), centerMomentum),
    patchCenter: nextCenter(patchCenter, meanScores(teacher.patch), centerMomentum),
  };
}

/** Mean over crops of the mean cross-entropy of their rows, each with the target at its place. */
function meanOverCrops(
  { rows, logSums, targets }: Comparison,
  groups: readonly number[],
  crops: readonly number[],
): Tensor {
  const entropies = logSums.sub(rows.mul(targets).sum({ axis: 1 }));
  const total = crops.reduce((a, b) => a + b, 0);
  let at = 0;
  const means = groups.flatMap((count, i) => {
    const from = at;
    at += count;
    return count > 0
      ? [
          entropies
            .slice([from, at])
            .mean()
            .mul((crops[i] as number) / total),
        ]
      : [];
  });
  return means.reduce((a, b) => a.add(b));
}
