import type { Aval } from "../../ir/node.ts";
import type { HostTensor } from "../../ir/primitive.ts";
import { dtypeOf, eachElement, isFloatInput } from "../elementwise.ts";
import * as math from "../reference-math.ts";
import { threefry2x32 } from "../threefry.ts";

const each =
  <P>(value: (args: readonly number[], params: P, ins: readonly Aval[]) => number) =>
  (ins: readonly HostTensor[], params: P, out: Aval): Float64Array =>
    eachElement(ins, out, (args) => value(args, params, ins));

export const erf = each(([x = 0]) => math.erf(x));
export const erfc = each(([x = 0]) => math.erfc(x));
export const threefry = each(
  ([k0 = 0, k1 = 0, c0 = 0, c1 = 0], { word }: { word: 0 | 1 }) => threefry2x32(k0, k1, c0, c1)[word],
);

export const floorDivide = each(([a = 0, b = 0], _, ins) => {
  if (!isFloatInput(ins)) return b === 0 ? a : Math.floor(a / b);
  if (Math.abs(a) === Infinity && b !== 0) return Number.NaN;
  return Math.abs(b) === Infinity && a * b < 0 ? -1 : Math.floor(a / b);
});

export const remainder = each(([a = 0, b = 0]) => {
  const r = a % b;
  return r !== 0 && r < 0 !== b < 0 ? r + b : r;
});

export const pow = each(([a = 0, b = 0], _, ins) => {
  if (isFloatInput(ins))
    return b === 0 || a === 1 ? 1 : Math.abs(a) === 1 && Math.abs(b) === Infinity ? 1 : a ** b;
  return integerPower(a, b, dtypeOf(ins) === "u32");
});

function integerPower(a: number, b: number, unsigned: boolean): number {
  if (b < 0) return a === 1 ? 1 : a === -1 ? (b % 2 === 0 ? 1 : -1) : 0;
  let product = 1;
  let base = a;
  for (let n = b; n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) product = Math.imul(product, base);
    base = Math.imul(base, base);
  }
  return unsigned ? product >>> 0 : product;
}

/** Halves go to the even neighbour. */
export const round = each(([x = 0]) => {
  if (!Number.isFinite(x)) return x;
  const down = Math.floor(x);
  const rest = x - down;
  if (rest < 0.5) return down;
  if (rest > 0.5) return down + 1;
  return down % 2 === 0 ? down : down + 1;
});
