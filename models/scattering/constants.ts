import { type Tensor, tensor } from "../../mod.ts";
import type { Matrix } from "./matrices.ts";

/** Rows of several matrices, one below the other. */
export function stackRows(matrices: readonly Matrix[]): Matrix {
  const columns = matrices[0]?.columns ?? 0;
  const values = new Float64Array(matrices.reduce((total, m) => total + m.values.length, 0));
  let at = 0;
  for (const m of matrices) {
    values.set(m.values, at);
    at += m.values.length;
  }
  return { rows: values.length / columns, columns, values };
}

/** Host numbers as a tensor that is made when it is first used: a transform can be built where there is no device. */
export function constant({ rows, columns, values }: Matrix): () => Tensor {
  return constantOf(values, [rows, columns]);
}

export function constantOf(values: Float64Array, shape: readonly number[]): () => Tensor {
  let made: Tensor | undefined;
  return () => {
    // A transform is made once and used for long, maybe on more than one device.
    made ??= tensor(values, { shape, keep: true });
    return made;
  };
}
