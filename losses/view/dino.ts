import { arange, matmul, ShapeError, type Tensor } from "../../mod.ts";
import {
  type CompareOptions,
  type Comparison,
  compareScores,
  meanScores,
  nextCenter,
  rowCount,
  type Scores,
} from "../self-distillation/scores.ts";

export interface DinoLossOptions extends CompareOptions {
  /** Crops of each image that the student has seen; the first two are those of the teacher. */
  readonly crops: number;
  /** What the centre keeps of itself in a step. Default 0.9. */
  readonly centerMomentum?: number;
}

export interface DinoLoss {
  /** In nats, `f32[]`. */
  readonly loss: Tensor;
  /** The centre for the next step. */
  readonly center: Tensor;
  /** Mean cross-entropy of teacher view i and student crop v, `f32[2, crops]`; 0 where they are the same. */
  readonly terms: Tensor;
}

/**
 * Self-distillation between views: every crop of an image has to tell what the teacher says of its two large crops.
 *
 * Rows are crop by crop, and image by image in a crop. Each teacher view i is compared with each student crop v but
 * itself; the loss is the mean over these pairs.
 *
 * @param student Scores of all crops: `f32[crops * B, K]`, or as factors (then they are never whole in memory).
 * @param teacher Scores of the first two crops, `f32[2 B, K]`, in the same form; it gets no gradient.
 * @param options.center Running mean of the teacher's scores, `f32[1, K]`; the loss uses that before this step.
 * @param options.teacherTemperature Of the teacher's softmax, such as 0.04; a tensor for a schedule.
 * @returns The loss, and the new centre.
 * @throws {ShapeError} If the rows are not those of the crops.
 *
 * Gradient: reaches the student's scores.
 *
 * @example
 *   const { loss, center } = dinoLoss(head.forward(views), teacherHead.forward(globals), { crops: 4, center, teacherTemperature: 0.04 });
 *
 * Source: losses/view/dino.ts. Paper: Caron et al. 2021, eq. 3 and 4.
 */
export function dinoLoss(student: Scores, teacher: Scores, options: DinoLossOptions): DinoLoss {
  const { crops, center, centerMomentum = 0.9 } = options;
  const batch = rowCount(student) / crops;
  checkRows("dinoLoss", student, teacher, batch, 2);
  const terms = viewTerms(compareScores(student, teacher, options), crops);
  return {
    loss: meanOfPairs(terms),
    center: nextCenter(center, meanScores(teacher), centerMomentum),
    terms,
  };
}

/** Mean cross-entropy of each teacher view with each student crop, `f32[2, crops]`; 0 where they are the same. */
export function viewTerms({ rows, logSums, targets }: Comparison, crops: number): Tensor {
  const width = rows.shape[1] as number;
  const batch = (rows.shape[0] as number) / crops;
  // Image by image: the two views by all crops.
  const views = targets.reshape([2, batch, width]).swapAxes(0, 1);
  const seen = rows.reshape([crops, batch, width]).permute([1, 2, 0]);
  const entropies = logSums.reshape([crops, batch]).transpose().unsqueeze(1).sub(matmul(views, seen));
  return entropies.mean({ axis: 0 }).mul(otherCrops(crops));
}

/** 1 where teacher view i and crop v differ, `f32[2, crops]`. */
export const otherCrops = (crops: number): Tensor =>
  arange(2).unsqueeze(1).notEqual(arange(crops).unsqueeze(0)).cast("f32");

/** The mean over pairs of a teacher view and another crop, of terms `f32[2, crops]` that are 0 elsewhere. */
export const meanOfPairs = (terms: Tensor): Tensor => terms.sum().div(2 * ((terms.shape[1] as number) - 1));

export function checkRows(
  op: string,
  student: Scores,
  teacher: Scores,
  batch: number,
  teacherCrops: number,
): void {
  if (Number.isInteger(batch) && batch > 0 && rowCount(teacher) === teacherCrops * batch) return;
  throw new ShapeError(op, {
    problem: "the rows are not those of the crops of one batch",
    got: { student: rowsTensor(student), teacher: rowsTensor(teacher) },
    need: `as many rows for each crop, and ${teacherCrops} crops of the teacher`,
  });
}

const rowsTensor = (scores: Scores): Tensor => ("vectors" in scores ? scores.vectors : scores);
