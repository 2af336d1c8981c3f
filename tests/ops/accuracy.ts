// What rounding each primitive may do, and from it how far a whole graph may be off.
import type { HostData } from "../../engine/core/dtype.ts";
import { isFloat } from "../../engine/core/dtype.ts";
import { type GraphNode, topologicalOrder } from "../../engine/ir/node.ts";
import type { HostTensor } from "../../engine/ir/primitive.ts";
import { composedAttention } from "../../engine/ops/build.ts";
import { installReferences } from "../../engine/ops/on-host/all.ts";

installReferences(composedAttention);

interface Accuracy {
  /** Error of one result in units of 2^-24 of its size. */
  readonly units: number;
  /** Results smaller than this have the error of one of this size. */
  readonly floor?: number;
}

/** Primitives that are absent here are exact: they move, choose, compare or count. */
const ACCURACY: Readonly<Record<string, Accuracy>> = {
  add: { units: 1 },
  sub: { units: 1 },
  mul: { units: 1 },
  div: { units: 5 },
  sqrt: { units: 5 },
  rsqrt: { units: 9 },
  floorDivide: { units: 0 },
  remainder: { units: 6, floor: 1 },
  pow: { units: 400 },
  atan2: { units: 8 },
  hypot: { units: 8 },
  exp2: { units: 5 },
  cbrt: { units: 8 },
  erfc: { units: 64 },
  exp: { units: 5 },
  expm1: { units: 6 },
  log: { units: 5 },
  log1p: { units: 6 },
  sin: { units: 4, floor: 0.5 },
  cos: { units: 4, floor: 0.5 },
  tan: { units: 14, floor: 0.5 },
  asin: { units: 6 },
  acos: { units: 8, floor: 0.1 },
  atan: { units: 6 },
  sinh: { units: 10 },
  cosh: { units: 10 },
  tanh: { units: 8 },
  asinh: { units: 10 },
  acosh: { units: 10 },
  atanh: { units: 10 },
  erf: { units: 12 },
};

/** Primitives that add up many terms; what they do beside that (`set`, `max`) is exact. */
const SUMS = new Set(["sum", "dot", "conv", "scatter add", "scan sum"]);
const PRODUCTS = new Set(["prod", "scan prod"]);

const UNIT = 2 ** -24;
const LARGEST = 3.4e38;

/** What a graph should give, and by how much each element may differ from it. */
export interface Expected {
  readonly value: HostTensor;
  readonly tolerance: Float64Array;
}

/** A small generator of random numbers that is the same everywhere (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * Interprets a graph once exactly and a few times with every result off by its allowed error in a random direction.
 * How far the results then spread is what a device may be off: a comparison of nearly equal numbers, or the difference
 * of two large ones, widens its own tolerance, and what is exact stays exact.
 */
export function expectedOf(
  outputs: readonly GraphNode[],
  given: ReadonlyMap<GraphNode, HostData>,
  runs = 8,
): Expected[] {
  const order = topologicalOrder(outputs);
  const exact = evaluate(order, given, null);
  const empty = () => outputs.map((x) => new Float64Array((exact.get(x) as HostTensor).data.length));
  const spread = empty();
  const squares = empty();
  for (let run = 0; run < runs; run++) {
    const noisy = evaluate(order, given, randomNumbers(run + 1));
    outputs.forEach((x, i) => {
      const a = (exact.get(x) as HostTensor).data;
      const b = (noisy.get(x) as HostTensor).data;
      const off = spread[i] as Float64Array;
      const square = squares[i] as Float64Array;
      for (let j = 0; j < a.length; j++) {
        const [p, q] = [a[j] as number, b[j] as number];
        const d = Object.is(p, q) || p === q ? 0 : Math.abs(p - q);
        off[j] = Math.max(off[j] as number, Number.isNaN(d) ? Infinity : d);
        square[j] = (square[j] as number) + d * d;
      }
    });
  }
  return outputs.map((x, i) => {
    const value = exact.get(x) as HostTensor;
    const tolerance = (spread[i] as Float64Array).map((d, j) => {
      const size = Math.abs(value.data[j] as number);
      if (size > LARGEST && size < Infinity) return Infinity;
      // Numbers below the smallest normal one may be taken for zero.
      const mean = Math.sqrt(((squares[i] as Float64Array)[j] as number) / runs);
      return Math.max(3 * d, 6 * mean || 0) + (isFloat(x.dtype) ? 1.2e-38 + (d > 0 ? UNIT * size : 0) : 0);
    });
    return { value, tolerance };
  });
}

function evaluate(
  order: readonly GraphNode[],
  given: ReadonlyMap<GraphNode, HostData>,
  random: (() => number) | null,
): Map<GraphNode, HostTensor> {
  const values = new Map<GraphNode, HostTensor>();
  for (const node of order) {
    const host = given.get(node);
    const ins = node.inputs.map((x) => values.get(x) as HostTensor);
    let data: Float64Array;
    if (host) data = Float64Array.from(host);
    else if (node.primitive.name === "customGradient") data = (ins[0] as HostTensor).data;
    else data = node.primitive.reference(ins, node.params, node);
    if (random && !host && isFloat(node.dtype)) data = disturb(node, ins, data, random);
    if (random && (node.primitive.name === "equal" || node.primitive.name === "notEqual"))
      data = data.map((x, i) => (nearlyEqual(ins, i) && random() < 0.5 ? 1 - x : x));
    values.set(node, { shape: node.shape, dtype: node.dtype, data });
  }
  return values;
}

/** Different by so little that rounding may make them equal. */
function nearlyEqual(ins: readonly HostTensor[], i: number): boolean {
  const [a, b] = ins.map((x) => x.data[i] as number) as [number, number];
  return a !== b && Math.abs(a - b) <= 256 * UNIT * Math.max(Math.abs(a), Math.abs(b));
}

function nameWithMode({ primitive, params }: GraphNode): string {
  const { mode, combine } = (params ?? {}) as { mode?: string; combine?: string };
  return [primitive.name, mode ?? combine].filter(Boolean).join(" ");
}

function disturb(
  node: GraphNode,
  ins: readonly HostTensor[],
  data: Float64Array,
  random: () => number,
): Float64Array {
  const { name } = node.primitive;
  const kind = nameWithMode(node);
  const off = (x: number, error: number) =>
    error > 0 && Number.isFinite(x) ? x + (2 * random() - 1) * error : x;
  if (SUMS.has(kind)) {
    const sizes = ins.map((x) => (isFloat(x.dtype) ? { ...x, data: x.data.map(Math.abs) } : x));
    const bound = node.primitive.reference(sizes, node.params, node);
    // Half of the additions round, and random roundings add up like a random walk.
    const units = 2 + Math.sqrt(Math.max(...ins.map((x) => x.data.length)));
    return data.map((x, i) => off(x, units * UNIT * Math.abs(bound[i] as number)));
  }
  if (name.startsWith("attention")) {
    // Sums and exponentials in one: as if every operand were off a little.
    const near = ins.map((x) =>
      isFloat(x.dtype) ? { ...x, data: x.data.map((y) => off(y, 8 * UNIT * Math.abs(y))) } : x,
    );
    const noisy = node.primitive.reference(near, node.params, node);
    const units = 8 + (node.dtype === "f16" ? 2 ** 13 : 0);
    return noisy.map((x) => off(x, units * UNIT * Math.abs(x)));
  }
  if (PRODUCTS.has(kind)) {
    const factors = (ins[0] as HostTensor).data.length;
    return data.map((x) => off(x, factors * UNIT * Math.abs(x)));
  }
  // Integers of up to 24 bits are exact as floats.
  if (name === "cast" && node.dtype === "f32")
    return data.map((x) => off(x, Math.abs(x) > 2 ** 24 ? UNIT * Math.abs(x) : 0));
  const accuracy = ACCURACY[name];
  const half = node.dtype === "f16" ? 2 ** 13 : 0;
  const units = (accuracy?.units ?? 0) + half;
  if (units === 0) return data;
  const floor = accuracy?.floor ?? 0;
  return data.map((x) => off(x, units * UNIT * Math.max(Math.abs(x), floor)));
}

/** The first element that is off by more than it may, as text; null where there is none. */
export function firstDifference(actual: HostData, expected: Expected): string | null {
  const { data, shape, dtype } = expected.value;
  if (actual.length !== data.length) return `${actual.length} elements instead of ${data.length}`;
  for (let i = 0; i < data.length; i++) {
    const [a, want] = [actual[i] as number, data[i] as number];
    const tolerance = expected.tolerance[i] as number;
    const same =
      Object.is(a, want) || a === want || tolerance === Infinity || Math.abs(a - want) <= tolerance;
    // What is too large for f32 may become infinite.
    if (
      same ||
      (isFloat(dtype) && Math.abs(a) === Infinity && Math.abs(want) >= 3.4e38 && a > 0 === want > 0)
    )
      continue;
    return `element ${i} of ${dtype}[${shape}] is ${a} instead of ${want} (may be off by ${tolerance})`;
  }
  return null;
}
