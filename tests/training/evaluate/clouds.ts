import type { Embeddings } from "../../../training/evaluate/embeddings.ts";
import type { Labelled } from "../../../training/evaluate/labelled.ts";
import { hostRandom } from "../../../training/evaluate/random.ts";

/** Rows around a centre for each class, as far apart as `apart` says in units of their own spread. */
export function clouds(
  count: number,
  width: number,
  classes: number,
  options: { seed: number; apart: number },
) {
  const centres = hostRandom(7);
  const middle = Array.from({ length: classes * width }, () => (centres() - 0.5) * 2 * options.apart);
  const random = hostRandom(options.seed);
  const labels = Array.from({ length: count }, (_, i) => i % classes);
  const values = Float32Array.from({ length: count * width }, (_, at) => {
    const label = labels[Math.floor(at / width)] as number;
    const noise = random() + random() + random() - 1.5;
    return (middle[label * width + (at % width)] as number) + 2 * noise;
  });
  const embeddings: Embeddings = { count, width, values };
  return { embeddings, labels } satisfies Labelled;
}

/** Cosine similarity in float64. */
export function cosine(a: Embeddings, i: number, b: Embeddings, j: number): number {
  let [product, left, right] = [0, 0, 0];
  for (let k = 0; k < a.width; k++) {
    const [x, y] = [a.values[i * a.width + k] as number, b.values[j * b.width + k] as number];
    product += x * y;
    left += x * x;
    right += y * y;
  }
  return product / Math.sqrt(left * right);
}
