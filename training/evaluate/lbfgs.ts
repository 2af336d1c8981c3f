/** Value of a function and its gradient, which is written into `gradient`. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number | Promise<number>;

export interface LbfgsOptions {
  /** Most iterations. Default 500. */
  iterations?: number;
  /** The end: no part of the gradient is larger. Default 1e-5. */
  tolerance?: number;
  /** Steps remembered. Default 10. */
  memory?: number;
}

/**
 * Minimises a smooth function. The steps are taken on the host, in float64; the function may be computed elsewhere. It
 * ends where no step leads lower, too, as happens within the rounding of a function in float32.
 *
 * Source: training/evaluate/lbfgs.ts. Book: Nocedal and Wright 2006, algorithms 7.4 and 3.1.
 */
export async function lbfgs(
  objective: Objective,
  start: Float64Array,
  options: LbfgsOptions = {},
): Promise<Float64Array> {
  const { iterations = 500, tolerance = 1e-5, memory = 10 } = options;
  let x = start.slice();
  let gradient = new Float64Array(x.length);
  let value = await objective(x, gradient);
  const past: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  for (let iteration = 0; iteration < iterations; iteration++) {
    if (gradient.every((g) => Math.abs(g) <= tolerance)) break;
    const direction = descent(gradient, past);
    const slope = dot(direction, gradient);
    let step = past.length === 0 ? 1 / Math.max(1, Math.sqrt(dot(gradient, gradient))) : 1;
    const next = new Float64Array(x.length);
    const nextGradient = new Float64Array(x.length);
    let nextValue: number;
    for (;;) {
      for (let i = 0; i < x.length; i++) next[i] = (x[i] as number) + step * (direction[i] as number);
      nextValue = await objective(next, nextGradient);
      if (nextValue <= value + 1e-4 * step * slope) break;
      step /= 2;
      if (step < 1e-12) return x; // no lower point within rounding: this is the minimum
    }
    const s = next.map((each, i) => each - (x[i] as number));
    const y = nextGradient.map((each, i) => each - (gradient[i] as number));
    const curvature = dot(s, y);
    if (curvature > 1e-12 * dot(y, y)) past.push({ s, y, rho: 1 / curvature });
    if (past.length > memory) past.shift();
    [x, gradient, value] = [next, nextGradient, nextValue];
  }
  return x;
}

/** The negative gradient times what the past steps tell about the inverse Hessian. */
function descent(
  gradient: Float64Array,
  past: readonly { s: Float64Array; y: Float64Array; rho: number }[],
): Float64Array {
  const q = gradient.map((g) => -g);
  const factors: number[] = [];
  for (const { s, y, rho } of [...past].reverse()) {
    const factor = rho * dot(s, q);
    factors.unshift(factor);
    for (let i = 0; i < q.length; i++) q[i]! -= factor * (y[i] as number);
  }
  const latest = past.at(-1);
  if (latest) {
    const scale = 1 / (latest.rho * dot(latest.y, latest.y));
    for (let i = 0; i < q.length; i++) q[i]! *= scale;
  }
  past.forEach(({ s, y, rho }, k) => {
    const factor = (factors[k] as number) - rho * dot(y, q);
    for (let i = 0; i < q.length; i++) q[i]! += factor * (s[i] as number);
  });
  return q;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
