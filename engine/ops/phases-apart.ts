import { dim, sizeOf } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import type { Phases } from "./contract.ts";
import { sameAxis } from "./movement.ts";

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/**
 * A convolution for each phase, with the taps that it has and no others: multiplications are dear here, and kernels that
 * need nothing of each other share a launch.
 */
export const phasesApart: Phases = (x, w, p, counts, o) => {
  const spread = p.inputDilation;
  const [batch = 0, , ...space] = x.shape;
  const [outputs = 0, perGroup = 0, ...taps] = w.shape;
  const before = p.padding.map(([n]) => n);
  const ones = taps.map(() => 1);
  if (taps.every((n) => n === 1)) {
    const y = o.conv(x, w, { ...p, inputDilation: ones, padding: taps.map(() => [0, 0]) });
    return o.affineView(y, [
      sameAxis(batch),
      sameAxis(outputs),
      ...counts.map((n, i) => ({
        ...sameAxis(n * dim(spread, i)),
        divisor: dim(spread, i),
        constant: -dim(before, i),
      })),
    ]);
  }
  // Each [B, O, count, 1, count, 1, ..], the phase of the first axis first.
  let parts = range(sizeOf(spread)).map((number) => {
    let rest = number;
    const axes = spread.map((s, i) => {
      const phase = rest % s;
      rest = (rest - phase) / s;
      const first = (((dim(before, i) - phase) % s) + s) % s;
      const start = (dim(before, i) - phase - first) / s;
      // A phase without taps has one of zeros, behind the last.
      const size = Math.max(1, Math.ceil((dim(taps, i) - first) / s));
      const end = dim(counts, i) - dim(space, i) - start + size - 1;
      return { tap: { ...sameAxis(size), factor: s, constant: first }, padding: [start, end] as const };
    });
    const own = o.affineView(w, [sameAxis(outputs), sameAxis(perGroup), ...axes.map(({ tap }) => tap)]);
    const y = o.conv(x, own, { ...p, inputDilation: ones, padding: axes.map(({ padding }) => padding) });
    return o.reshape(y, [batch, outputs, ...counts.flatMap((n) => [n, 1])]);
  });
  spread.forEach((s, i) => {
    parts = range(parts.length / s).map((j) => o.concat(parts.slice(j * s, j * s + s), 3 + 2 * i));
  });
  return o.reshape(parts[0] as GraphNode, [batch, outputs, ...counts.map((n, i) => n * dim(spread, i))]);
};
