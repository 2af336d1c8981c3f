import { compile, logSumExp, matmul, oneHot, type Tensor, tensor, valueAndGrad } from "../../mod.ts";
import type { Objective } from "./lbfgs.ts";
import { addPenalty, type Regression } from "./softmax-regression.ts";

const MOST_BYTES = 2 ** 25;

interface Block {
  readonly rows: Tensor;
  /** `f32[rows, classes]`; zeros where there is no row. */
  readonly targets: Tensor;
}

/**
 * The loss of softmax regression and its gradient, on the device in float32; sums over rows are made in float64 where
 * that is cheap, so that the loss tells small steps apart.
 */
export class RegressionOnDevice {
  private readonly task: Regression;
  private readonly blocks: readonly Block[];
  private readonly compiled: ReturnType<typeof compileBlock>;

  constructor(task: Regression) {
    this.task = task;
    this.blocks = blocksOf(task);
    this.compiled = compileBlock();
  }

  readonly objective: Objective = async (x, gradient) => {
    const { rows, classes, penalty } = this.task;
    const { width, count } = rows;
    const weights = tensor(Float32Array.from(x.subarray(0, width * classes)), { shape: [classes, width] });
    const bias = tensor(Float32Array.from(x.subarray(width * classes)));
    const results = this.blocks.map((block) => this.compiled(weights, bias, block.rows, block.targets));
    gradient.fill(0);
    let loss = 0;
    for (const { losses, slopes, biasSlopes } of results) {
      const [each, weightPart, biasPart] = await Promise.all([
        losses.data(),
        slopes.data(),
        biasSlopes.data(),
      ]);
      for (const value of each as Float32Array) loss += value / count;
      const at = width * classes;
      for (let i = 0; i < at; i++) gradient[i]! += (weightPart[i] as number) / count;
      for (let c = 0; c < classes; c++) gradient[at + c]! += (biasPart[c] as number) / count;
      for (const used of [losses, slopes, biasSlopes]) used.dispose();
    }
    for (const used of [weights, bias]) used.dispose();
    return loss + addPenalty(x, gradient, width * classes, penalty);
  };

  dispose(): void {
    this.compiled.dispose();
    for (const { rows, targets } of this.blocks) {
      rows.dispose();
      targets.dispose();
    }
  }
}

function compileBlock() {
  return compile(
    (weights: Tensor, bias: Tensor, rows: Tensor, targets: Tensor) => {
      const contrast = valueAndGrad((at: { weights: Tensor; bias: Tensor }) => {
        const scores = matmul(rows, at.weights.transpose()).add(at.bias);
        const right = scores.mul(targets).sum({ axis: 1 });
        const losses = logSumExp(scores, { axis: 1 })
          .mul(targets.sum({ axis: 1 }))
          .sub(right);
        return { loss: losses.sum(), aux: losses };
      });
      const { grads, aux: losses } = contrast({ weights, bias });
      return { losses, slopes: grads.weights, biasSlopes: grads.bias };
    },
    { name: "softmax regression" },
  );
}

function blocksOf({ rows: { count, width, values }, labels, classes }: Regression): Block[] {
  const size = Math.min(count, Math.max(1, Math.floor(MOST_BYTES / 4 / Math.max(width, classes))));
  const blocks: Block[] = [];
  for (let from = 0; from < count; from += size) {
    const rows = new Float32Array(size * width);
    rows.set(values.subarray(from * width, (from + size) * width));
    // A label of -1 has no place among the classes: its row of targets is 0 and so is its loss.
    const marks = Int32Array.from({ length: size }, (_, i) =>
      from + i < count ? (labels[from + i] as number) : -1,
    );
    blocks.push({
      rows: tensor(rows, { shape: [size, width] }),
      targets: oneHot(tensor(marks), classes),
    });
  }
  return blocks;
}
