import { arange, concat, equal, logSumExp, matmul, normalize, ShapeError, type Tensor } from "../../mod.ts";

export interface NtXentOptions {
  /** Divides the similarities; unitless, > 0. Default 0.5. */
  temperature?: number;
  /** "cosine" (default) compares directions; "dot" takes the rows as they are. */
  similarity?: "cosine" | "dot";
}

/**
 * The normalised temperature-scaled cross-entropy of SimCLR: each projection is asked to find that of the other view
 * of its image among all others of the batch.
 *
 * For each row of the 2N projections the positive is the row of the other view; the other 2N - 2 rows are negatives.
 *
 * @param zi Projections of the first views, `f32[N, D]`; rows need not be normalised.
 * @param zj Projections of the second views, same shape.
 * @param options.temperature Divides the similarities. Default 0.5.
 * @param options.similarity "cosine" or "dot". Default "cosine".
 * @returns Mean over the 2N rows in nats, `f32[]`; 0 for N = 1, where there is nothing to choose from.
 * @throws {ShapeError} If the shapes differ or are not `[N, D]`.
 * @throws {RangeError} If the temperature is not positive.
 *
 * Memory: one `2N x 2N` similarity matrix.
 * Gradient: reaches `zi` and `zj`.
 *
 * @example
 *   const loss = ntXent(model.forward(view1).z, model.forward(view2).z, { temperature: 0.5 });
 *
 * Source: losses/contrastive/nt-xent.ts. Paper: Chen et al. 2020, eq. 1; Kinakh et al. 2021, eq. 1.
 */
export function ntXent(zi: Tensor, zj: Tensor, options: NtXentOptions = {}): Tensor {
  const { temperature = 0.5, similarity = "cosine" } = options;
  if (zi.rank !== 2 || zi.shape.join() !== zj.shape.join()) {
    throw new ShapeError("ntXent", {
      problem: "not two matrices of one shape",
      got: { zi, zj },
      need: "[N, D] twice",
    });
  }
  if (!(temperature > 0))
    throw new RangeError(`ntXent: temperature is ${temperature}; need a number above 0`);
  const prepare = (z: Tensor) => (similarity === "cosine" ? normalize(z) : z);
  const [a, b] = [prepare(zi), prepare(zj)];
  const rows = concat([b, a]);
  const positives = a.mul(b).sum({ axis: 1 }); // of row r and of row r + N alike
  const count = rows.shape[0] as number;
  const self = equal(arange(count).unsqueeze(0), arange(count).unsqueeze(1));
  const scores = matmul(rows, rows.transpose()).div(temperature).maskedFill(self, MASKED);
  return logSumExp(scores, { axis: 1 }).mean().sub(positives.mean().div(temperature));
}

/** Far below any score; an infinity would turn into NaN on some devices. */
const MASKED = -1e30;
