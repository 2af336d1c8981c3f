import {
  concat,
  customVjp,
  exp,
  logSumExp,
  matmul,
  ShapeError,
  softmax,
  stack,
  stopGradient,
  type Tensor,
  vjp,
} from "../../mod.ts";

/** Vectors `f32[R, d]` and prototypes `f32[K, d]` whose products are scores. */
export interface Factors {
  readonly vectors: Tensor;
  readonly weight: Tensor;
}

/** Scores of K prototypes for each of R rows: all of them, `f32[R, K]`, or the factors of their product. */
export type Scores = Tensor | Factors;

/** A number that is a constant of the step, or a tensor of rank 0 that changes from step to step. */
export type Value = number | Tensor;

export interface CompareOptions {
  /** Taken off the teacher's scores, `f32[1, K]`. */
  readonly center: Tensor;
  /** Divides the teacher's scores. */
  readonly teacherTemperature: Value;
  /** Divides the student's scores. Default 0.1. */
  readonly studentTemperature?: Value;
  /**
   * Prototypes whose scores are in memory at once, where scores are given as factors. Default: as many as fit into 30 MB,
   * a power of two, from 256 on.
   */
  readonly chunk?: number;
}

/**
 * All that cross-entropies of teacher rows t and student rows s need: that of the two is
 * `logSums[s] - (rows[s] * targets[t]).sum()`.
 *
 * With all scores in memory, `rows` are the student's scores over their temperature and `targets` the teacher's
 * probabilities q. With factors, the sum over prototypes is taken out of the product: `rows` are the vectors over the
 * temperature, and `targets` the means of the student's prototypes under q, `f32[., d]` both.
 */
export interface Comparison {
  /** `f32[R, K or d]` */
  readonly rows: Tensor;
  /** Logarithm of the sum of the exponentials of the student's scores, `f32[R]`. */
  readonly logSums: Tensor;
  /** `f32[Rt, K or d]`; the teacher gets no gradient through it. */
  readonly targets: Tensor;
}

/** Prepares cross-entropies between rows of a student and rows of a teacher; see `Comparison`. */
export function compareScores(student: Scores, teacher: Scores, options: CompareOptions): Comparison {
  const { center, teacherTemperature, studentTemperature = 0.1 } = options;
  if (isFactors(student) && isFactors(teacher)) {
    return compareFactors(student, stopGradient(teacher), { ...options, studentTemperature });
  }
  if (isFactors(student) || isFactors(teacher)) {
    throw new TypeError(
      "compareScores: one side has scores and the other their factors; need the same of both",
    );
  }
  const rows = student.div(studentTemperature);
  const targets = stopGradient(softmax(teacher.sub(center.reshape([1, -1])).div(teacherTemperature)));
  return { rows, logSums: logSumExp(rows, { axis: 1 }), targets };
}

/**
 * Scores chunk by chunk of prototypes: a first pass for the logarithms of sums, a second one for the means. The gradients
 * compute each chunk again, so that the scores of one chunk are all that is in memory.
 */
function compareFactors(student: Factors, teacher: Factors, options: FactorOptions): Comparison {
  const { center, teacherTemperature, studentTemperature } = options;
  const count = student.weight.shape[0] as number;
  if (teacher.weight.shape[0] !== count || center.size !== count) {
    throw new ShapeError("compareScores", {
      problem: "student, teacher and center differ in their number of prototypes",
      got: { student: student.weight, teacher: teacher.weight, center },
    });
  }
  const [vectors, weight] = [student.vectors.div(studentTemperature), student.weight];
  const chunk = options.chunk ?? chunkFor(vectors.shape[0] as number);
  const ranges = Array.from(
    { length: Math.ceil(count / chunk) },
    (_, i) => [i * chunk, (i + 1) * chunk] as const,
  );
  const scores = (x: Tensor, w: Tensor): Tensor => matmul(x, w.transpose());
  const sharp = (x: Tensor, range: Range): Tensor =>
    scores(x, teacher.weight.slice(range))
      .sub(center.reshape([1, -1]).slice(null, range))
      .div(teacherTemperature);
  const total = stopGradient(
    overChunks(ranges.map((range) => logSumExp(sharp(teacher.vectors, range), { axis: 1 }))),
  );
  const share = (x: Tensor, range: Range): Tensor =>
    stopGradient(exp(sharp(x, range).sub(total.unsqueeze(1))));

  const [rows, wide, width] = [vectors.shape[0], teacher.vectors.shape[0], vectors.shape[1]] as number[];
  // Sums and means as one tensor, which is what a rule of its own can stand for.
  const unpacked = (x: Tensor): [Tensor, Tensor] => [
    x.slice([0, rows]),
    x.slice([rows, null]).reshape([wide as number, width as number]),
  ];
  const both = customVjp(
    (x: Tensor, w: Tensor) => {
      const sums = overChunks(ranges.map((range) => logSumExp(scores(x, w.slice(range)), { axis: 1 })));
      const mean = (range: Range) => (t: Tensor) => matmul(share(t, range), w.slice(range));
      const means = ranges.map((range) => anew(mean(range), teacher.vectors));
      return concat([sums, means.reduce((a, b) => a.add(b)).flatten()]);
    },
    (ct, { out, ins: [x, w] }) => {
      const [ctSums, ctMeans] = unpacked(ct);
      const logSums = unpacked(out)[0].unsqueeze(1);
      const parts = ranges.map((range) => {
        // The gradient of a share of the sum is that of its logarithm. Inside `vjp` too everything is computed anew.
        const again = (y: Tensor, v: Tensor, t: Tensor) => ({
          sums: exp(scores(y, v).sub(logSums)).sum({ axis: 1 }),
          means: matmul(share(t, range), v),
        });
        return vjp(again, x, w.slice(range), teacher.vectors).pullback({ sums: ctSums, means: ctMeans });
      });
      return [parts.map(([y]) => y).reduce((a, b) => a.add(b)), concat(parts.map(([, v]) => v))];
    },
  )(vectors, weight);
  const [logSums, targets] = unpacked(both);
  return { rows: vectors, logSums, targets };
}

type Range = readonly [number, number];

/** `f(x)` without a share in what was computed of `x` before, which then need not be kept until here. */
const anew = (f: (x: Tensor) => Tensor, x: Tensor): Tensor => vjp(f, x).value;

type FactorOptions = CompareOptions & { readonly studentTemperature: Value };

/** Bytes that the scores of a chunk may take; its gradients take as much again, and 64 MB are the bound for both. */
const CHUNK_BYTES = 3e7;

/** Prototypes in a chunk: a power of two, so that tiles fit. */
const chunkFor = (rows: number): number =>
  2 ** Math.max(8, Math.floor(Math.log2(CHUNK_BYTES / 4 / Math.max(1, rows))));

const overChunks = (sums: readonly Tensor[]): Tensor => logSumExp(stack(sums, { axis: 1 }), { axis: 1 });

/** The mean of the scores over the rows, `f32[1, K]`. */
export function meanScores(scores: Scores): Tensor {
  if (!isFactors(scores)) return scores.mean({ axis: 0, keepDims: true });
  return matmul(scores.vectors.mean({ axis: 0, keepDims: true }), scores.weight.transpose());
}

/** The running centre of the teacher's scores after a step whose mean is `mean`: it keeps `momentum` of what it was. */
export const nextCenter = (center: Tensor, mean: Tensor, momentum: number): Tensor =>
  stopGradient(center.mul(momentum).add(mean.reshape(center.shape).mul(1 - momentum)));

export function isFactors(scores: Scores): scores is Factors {
  return "vectors" in scores;
}

/** Some rows of the scores, from `start` on. */
export function someRows(scores: Scores, start: number, end: number): Scores {
  if (!isFactors(scores)) return scores.slice([start, end]);
  return { vectors: scores.vectors.slice([start, end]), weight: scores.weight };
}

export const rowCount = (scores: Scores): number =>
  (isFactors(scores) ? scores.vectors : scores).shape[0] as number;
