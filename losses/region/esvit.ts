import {
  argmax,
  concat,
  matmul,
  normalize,
  oneHot,
  ShapeError,
  stopGradient,
  type Tensor,
} from "../../mod.ts";
import {
  type Comparison,
  compareScores,
  meanScores,
  nextCenter,
  rowCount,
  type Scores,
  type Value,
} from "../self-distillation/scores.ts";
import { checkRows, meanOfPairs, otherCrops, viewTerms } from "../view/dino.ts";

/** What a network says of a batch: rows crop by crop, image by image, region by region (row by row of the grid). */
export interface EsVitScores {
  /** Of the views, `f32[crops * B, K]` or its factors. */
  readonly view: Scores;
  /** Of the regions of all crops, `f32[sum of B * T, K]` or its factors. */
  readonly region: Scores;
  /** The regions themselves as the backbone gives them, `f32[sum of B * T, D]`, by which they are matched. */
  readonly features: Tensor;
}

export interface EsVitLossOptions {
  /** Crops of each image that the student has seen; the first two are those of the teacher. */
  readonly crops: number;
  /** Regions of a large crop and of a small one. */
  readonly regions: readonly [large: number, small: number];
  /** Running mean of the teacher's scores of views, `f32[1, K]`. */
  readonly center: Tensor;
  /** Running mean of the teacher's scores of regions, `f32[1, K]`. */
  readonly regionCenter: Tensor;
  readonly teacherTemperature: Value;
  /** Default 0.1. */
  readonly studentTemperature?: Value;
  /** What the centres keep of themselves in a step. Default 0.9. */
  readonly centerMomentum?: number;
  /** See `CompareOptions`. */
  readonly chunk?: number;
}

export interface EsVitLoss {
  /** Half of each of the two losses, `f32[]`. */
  readonly loss: Tensor;
  readonly viewLoss: Tensor;
  readonly regionLoss: Tensor;
  /** The centres for the next step. */
  readonly center: Tensor;
  readonly regionCenter: Tensor;
  /** Mean cross-entropies of teacher view i and student crop v, `f32[2, crops]`; 0 where they are the same. */
  readonly viewTerms: Tensor;
  readonly regionTerms: Tensor;
}

/**
 * EsViT: DINO's loss between views, and the same between regions. Each region of a student crop has to tell what the
 * teacher says of the region that resembles it most in each of the two large crops.
 *
 * The code halves both losses where the paper adds them, which matters for clipped gradients; this follows the code.
 *
 * @param student Of all crops.
 * @param teacher Of the first two crops; it gets no gradient.
 * @throws {ShapeError} If the rows are not those of the crops.
 *
 * Gradient: reaches the student's scores; none flows through features and matching.
 *
 * Source: losses/region/esvit.ts. Paper: Li et al. 2022, eq. 1 and 2.
 */
export function esVitLoss(student: EsVitScores, teacher: EsVitScores, options: EsVitLossOptions): EsVitLoss {
  const { crops, regions, center, regionCenter, centerMomentum = 0.9 } = options;
  const batch = rowCount(student.view) / crops;
  checkRows("esVitLoss", student.view, teacher.view, batch, 2);
  const perView = 2 * regions[0] + (crops - 2) * regions[1];
  if (rowCount(student.region) !== batch * perView || rowCount(teacher.region) !== batch * 2 * regions[0]) {
    throw new ShapeError("esVitLoss", {
      problem: `the rows are not those of ${regions[0]} regions of each large crop and ${regions[1]} of each small one`,
      got: { crops, batch, student: rowCount(student.region), teacher: rowCount(teacher.region) },
    });
  }
  const views = viewTerms(compareScores(student.view, teacher.view, options), crops);
  const places = compareScores(student.region, teacher.region, { ...options, center: regionCenter });
  const matches = matchRegions(student.features, teacher.features, { crops, regions });
  const terms = regionTerms(places, matches, crops);
  const [viewLoss, regionLoss] = [meanOfPairs(views), meanOfPairs(terms)];
  return {
    loss: viewLoss.add(regionLoss).mul(0.5),
    viewLoss,
    regionLoss,
    center: nextCenter(center, meanScores(teacher.view), centerMomentum),
    regionCenter: nextCenter(regionCenter, meanScores(teacher.region), centerMomentum),
    viewTerms: views,
    regionTerms: terms,
  };
}

/** Which region of a teacher's view each region of some crops resembles most. */
export interface RegionMatches {
  /** Cosine of each region of the crops with each region of view i, `f32[2, crops, B, T', T]`. */
  readonly similarity: Tensor;
  /** The first of the most similar ones, `i32[2, crops, B, T']`. */
  readonly index: Tensor;
}

/** The matches of the large crops and those of the small ones, if there are any. */
export function matchRegions(
  student: Tensor,
  teacher: Tensor,
  { crops, regions }: Pick<EsVitLossOptions, "crops" | "regions">,
): RegionMatches[] {
  const [large] = regions;
  const width = teacher.shape[1] as number;
  const batch = (teacher.shape[0] as number) / 2 / large;
  const keys = normalize(teacher, { axis: 1, eps: 1e-12 }).reshape([2, 1, batch, large, width]);
  return cropGroups(normalize(student, { axis: 1, eps: 1e-12 }), batch, crops, regions).map((queries) => {
    const similarity = stopGradient(matmul(queries.unsqueeze(0), keys.swapAxes(-1, -2)));
    return { similarity, index: argmax(similarity, { axis: -1 }) };
  });
}

/** Rows `[sum of B * T, ...]` as the large crops `[2, B, T, ...]` and the small ones `[crops - 2, B, T', ...]`. */
function cropGroups(
  rows: Tensor,
  batch: number,
  crops: number,
  [large, small]: readonly [number, number],
): Tensor[] {
  const rest = rows.shape.slice(1);
  const middle = 2 * batch * large;
  const first = rows.slice([0, middle]).reshape([2, batch, large, ...rest]);
  if (crops === 2) return [first];
  return [first, rows.slice([middle, null]).reshape([crops - 2, batch, small, ...rest])];
}

/** Mean cross-entropy of the regions of each crop with the regions of each view that they match, `f32[2, crops]`. */
function regionTerms(
  { rows, logSums, targets }: Comparison,
  matches: readonly RegionMatches[],
  crops: number,
): Tensor {
  const [, , batch = 0, , large = 0] = (matches[0] as RegionMatches).similarity.shape;
  const small = matches[1]?.index.shape[3] ?? 0;
  const width = rows.shape[1] as number;
  const said = targets.reshape([2, 1, batch, large, width]);
  const sizes = [batch, crops, [large, small]] as const;
  const sums = cropGroups(logSums, ...sizes);
  const groups = cropGroups(rows, ...sizes).map((seen, i) => {
    // Picking rows is a product with 0 and 1, whose gradient is one too, in place of a scatter.
    const picked = matmul(oneHot((matches[i] as RegionMatches).index, large, { dtype: "f32" }), said);
    const entropies = (sums[i] as Tensor).unsqueeze(0).sub(seen.unsqueeze(0).mul(picked).sum({ axis: -1 }));
    return entropies.mean({ axis: [2, 3] });
  });
  const [first, second] = groups as [Tensor, Tensor?];
  return (second ? concat([first, second], { axis: 1 }) : first).mul(otherCrops(crops));
}
