import {
  arange,
  concat,
  customVjp,
  equal,
  logSumExp,
  matmul,
  normalize,
  ShapeError,
  type Tensor,
} from "../../mod.ts";

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
 * @throws {ShapeError} If the shapes differ or are not `[N, D]`, or there is no row.
 * @throws {RangeError} If the temperature is not positive, or there is no such similarity.
 *
 * Memory: one matrix of similarities, `2N x 2N` up to N = 2048 and as many rows at a time as that has values above it,
 * and as much again twice for the gradient, which has one weight for each pair. Ten kernels with it.
 * Gradient: reaches `zi` and `zj`.
 *
 * @example
 *   const loss = ntXent(model.forward(view1).z, model.forward(view2).z, { temperature: 0.5 });
 *
 * Source: losses/contrastive/nt-xent.ts. Paper: Chen et al. 2020, eq. 1; Kinakh et al. 2021, eq. 1.
 */
export function ntXent(zi: Tensor, zj: Tensor, options: NtXentOptions = {}): Tensor {
  const { temperature = 0.5, similarity = "cosine" } = options;
  if (zi.rank !== 2 || zi.size === 0 || zi.shape.join() !== zj.shape.join()) {
    throw new ShapeError("ntXent", {
      problem: "not two matrices of one shape",
      got: { zi, zj },
      need: "[N, D] twice, with a row at least",
    });
  }
  if (!(temperature > 0))
    throw new RangeError(`ntXent: temperature is ${temperature}; need a number above 0`);
  if (similarity !== "cosine" && similarity !== "dot")
    throw new RangeError(`ntXent: similarity is ${similarity}; need "cosine" or "dot"`);
  const prepare = (z: Tensor) => (similarity === "cosine" ? normalize(z) : z);
  const [a, b] = [prepare(zi), prepare(zj)];
  const rows = concat([b, a]);
  const positives = a.mul(b).sum({ axis: 1 }); // of row r and of row r + N alike
  return logSums(rows, temperature).mean().sub(positives.mean().div(temperature));
}

/** Far below any score; an infinity would turn into NaN on some devices. */
const MASKED = -1e30;
/** Similarities that are in memory at once, at most. */
const LARGEST = 4096 ** 2;

/**
 * For each row of `f32[M, D]` the logarithm of the sum over all other rows of exp(similarity / temperature). Similarities
 * are symmetric, so that the backward pass has one weight for each pair, from both their rows.
 *
 * @param largest Similarities that are in memory at once, at most.
 */
export function logSums(rows: Tensor, temperature: number, largest = LARGEST): Tensor {
  const count = rows.shape[0] as number;
  const blocks = Math.min(count, Math.ceil(count ** 2 / largest));
  const sizes = Array.from(
    { length: blocks },
    (_, i) => Math.floor(((i + 1) * count) / blocks) - Math.floor((i * count) / blocks),
  );
  /** The scores of some rows with all, block by block. */
  const eachBlock = (x: Tensor, f: (scores: Tensor, block: number, others: Tensor) => Tensor): Tensor => {
    let from = 0;
    const parts = x.split(sizes).map((some, block) => {
      const own = arange(from, from + (sizes[block] as number));
      from += sizes[block] as number;
      const self = equal(own.unsqueeze(1), arange(count).unsqueeze(0));
      const scores = matmul(some, x.transpose()).div(temperature).maskedFill(self, MASKED);
      return f(scores, block, x);
    });
    return parts.length === 1 ? (parts[0] as Tensor) : concat(parts);
  };
  const forward = (x: Tensor) => eachBlock(x, (scores) => logSumExp(scores, { axis: 1 }));
  return customVjp(forward, (ct, { out, ins: [x] }) => {
    const [ownCt, ownSum] = [ct.unsqueeze(1).split(sizes), out.unsqueeze(1).split(sizes)];
    const pull = eachBlock(x, (scores, block, others) => {
      const mine = scores
        .sub(ownSum[block] as Tensor)
        .exp()
        .mul(ownCt[block] as Tensor);
      const theirs = scores.sub(out).exp().mul(ct);
      return matmul(mine.add(theirs).div(temperature), others);
    });
    return [pull];
  })(rows);
}
