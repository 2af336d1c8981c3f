// One block of a vision transformer in plain loops of float64, to hold the models against.

/** Rows of numbers. */
export type Rows = number[][];

export type Weights = (name: string) => Float64Array;

export const linear = (x: Rows, w: Float64Array, b: Float64Array): Rows =>
  x.map((row) =>
    Array.from(b, (bias, o) => row.reduce((sum, v, i) => sum + v * (w[o * row.length + i] as number), bias)),
  );

export const layerNorm = (x: Rows, gain: Float64Array, bias: Float64Array): Rows =>
  x.map((row) => {
    const mean = row.reduce((a, b) => a + b, 0) / row.length;
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / row.length;
    return row.map((v, i) => ((v - mean) / Math.sqrt(variance + 1e-6)) * gain[i]! + bias[i]!);
  });

export function softmax(row: readonly number[]): number[] {
  const most = Math.max(...row);
  const exps = row.map((v) => Math.exp(v - most));
  const total = exps.reduce((a, b) => a + b, 0);
  return exps.map((v) => v / total);
}

const added = (a: Rows, b: Rows): Rows => a.map((row, i) => row.map((v, j) => v + b[i]![j]!));

const gelu = (x: number): number => 0.5 * x * (1 + erf(x / Math.SQRT2));

/** By its series, which is enough for small arguments. */
function erf(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 60; n++) {
    term *= -(x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/** Attention of several heads with queries, keys and values one below the other; `bias` is added to the scores. */
export function attention(
  x: Rows,
  heads: number,
  w: Weights,
  bias = (_h: number, _q: number, _k: number) => 0,
): Rows {
  const width = x[0]!.length;
  const size = width / heads;
  const qkv = linear(x, w("attn.qkv.weight"), w("attn.qkv.bias"));
  const mixed = x.map((_, q) => {
    const out: number[] = [];
    for (let h = 0; h < heads; h++) {
      const part = (row: number, third: number) => qkv[row]!.slice(third * width + h * size).slice(0, size);
      const query = part(q, 0);
      const scores = x.map(
        (_, k) => part(k, 1).reduce((sum, v, i) => sum + v * query[i]!, 0) / Math.sqrt(size) + bias(h, q, k),
      );
      const share = softmax(scores);
      for (let i = 0; i < size; i++) out.push(share.reduce((sum, p, k) => sum + p * part(k, 2)[i]!, 0));
    }
    return out;
  });
  return linear(mixed, w("attn.proj.weight"), w("attn.proj.bias"));
}

/** A block; `mix` is its attention, behind the norm. */
export function block(x: Rows, w: Weights, mix: (x: Rows) => Rows): Rows {
  const y = added(x, mix(layerNorm(x, w("norm1.weight"), w("norm1.bias"))));
  const inner = linear(
    layerNorm(y, w("norm2.weight"), w("norm2.bias")),
    w("mlp.fc1.weight"),
    w("mlp.fc1.bias"),
  );
  const activated = inner.map((row) => row.map(gelu));
  return added(y, linear(activated, w("mlp.fc2.weight"), w("mlp.fc2.bias")));
}

/** `[B, N, D]` as the rows of each sample. */
export function samples(values: ArrayLike<number>, count: number, width: number): Rows[] {
  const rows = values.length / count / width;
  return Array.from({ length: count }, (_, b) =>
    Array.from({ length: rows }, (_, r) =>
      Array.from({ length: width }, (_, i) => values[(b * rows + r) * width + i] as number),
    ),
  );
}
