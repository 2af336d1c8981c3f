import type { DType } from "../../engine/core/dtype.ts";
import { IndexAlgebra, type IndexExpr, indexVariables } from "./index-algebra.ts";

/** Types that a kernel computes in: f16 is widened on load and narrowed on store. */
export type ScalarType = "f32" | "i32" | "u32" | "bool";

export const scalarType = (dtype: DType): ScalarType => (dtype === "f16" ? "f32" : dtype);

/**
 * One step of a scalar program. `text` is a WGSL expression with `$0`, `$1` for the arguments, or one of
 * `variable`, `load`, `accumulator` whose number is `ref`.
 */
export interface Step {
  readonly kind: "variable" | "load" | "accumulator" | "compute";
  readonly text: string;
  readonly ref: number;
  readonly args: readonly number[];
  readonly type: ScalarType;
  /** Loop variables it depends on, as bits. */
  readonly variables: number;
  /** Accumulators it depends on, as bits. */
  readonly accumulators: number;
}

/** A scalar program: steps in dependency order, each computed once for given values of the loop variables. */
export type ScalarProgram = readonly Step[];

const SELECT = "select($2, $1, $0)";

/**
 * Builds a scalar program; equal steps are made once. The ids it returns are positions in `steps`.
 */
export class ScalarBuilder {
  readonly index: IndexAlgebra;
  readonly steps: Step[] = [];
  readonly #known = new Map<string, number>();
  readonly #knownIndices = new Map<IndexExpr, number>();
  readonly #selects: boolean;

  /** With `selects` for drivers on which a selection is less work than bounds are, see `within`. */
  constructor(index = new IndexAlgebra(), selects = false) {
    this.index = index;
    this.#selects = selects;
  }

  #step(
    kind: Step["kind"],
    type: ScalarType,
    text: string,
    ref: number,
    args: readonly number[],
    own = 0,
    acc = 0,
  ): number {
    const key = `${kind}|${type}|${text}|${ref}|${args.join(",")}`;
    const found = this.#known.get(key);
    if (found !== undefined) return found;
    let variables = own;
    let accumulators = acc;
    for (const arg of args) {
      const step = this.steps[arg] as Step;
      variables |= step.variables;
      accumulators |= step.accumulators;
    }
    this.steps.push({ kind, text, ref, args, type, variables, accumulators });
    this.#known.set(key, this.steps.length - 1);
    return this.steps.length - 1;
  }

  /** A WGSL expression over earlier steps. */
  compute(type: ScalarType, text: string, args: readonly number[]): number {
    return this.#step("compute", type, text, -1, args);
  }

  constant(type: ScalarType, value: number): number {
    return this.compute(type, literal(type, value), []);
  }

  /** An element of input `binding`, whose position is known to be inside it. */
  load(binding: number, dtype: DType, at: IndexExpr): number {
    return this.#step("load", scalarType(dtype), dtype, binding, [this.indexValue(at)]);
  }

  /** The result of reduction number `ref`, there once its loop has ended. */
  accumulator(ref: number, type: ScalarType): number {
    return this.#step("accumulator", type, "", ref, [], 0, 1 << ref);
  }

  select(condition: number, whenTrue: number, whenFalse: number): number {
    const type = (this.steps[whenTrue] as Step).type;
    return this.compute(type, SELECT, [condition, whenTrue, whenFalse]);
  }

  isSelection(id: number): boolean {
    return this.steps[id]?.text === SELECT;
  }

  /**
   * Whether 0 <= e < size, null where that is always so; and `e`, or what of that range is next to it, written so that
   * compilers of shaders see the range. What they cannot follow, such as selections, bits and conditions, they clamp
   * again at every load. In quads such a clamp costs less than these bounds do, so there it is 0 by a selection.
   */
  within(e: IndexExpr, size: number): [inside: number | null, safe: IndexExpr] {
    const { lo, hi } = e;
    const last = size - 1;
    if (lo >= 0 && hi <= last) return [null, e];
    const [inside, safe] =
      lo >= 0
        ? [`($0 < ${size})`, `min($0, ${last})`]
        : hi <= last
          ? ["($0 >= 0)", "max($0, 0)"]
          : // Below 0 is above everything once it is unsigned.
            [`(bitcast<u32>($0) < ${size}u)`, bounded("$0", last)];
    const value = this.indexValue(e);
    const is = this.compute("bool", inside, [value]);
    const at = this.#selects
      ? this.select(is, value, this.constant("i32", 0))
      : this.compute("i32", safe, [value]);
    return [is, this.dynamicIndex(at, 0, last)];
  }

  /**
   * Conjunction of conditions, where null stands for true. By `&`, as everywhere in kernels: `&&` is a branch, and
   * some drivers take seconds to compile a loop with dozens of them.
   */
  all(conditions: readonly (number | null)[]): number | null {
    let result: number | null = null;
    for (const c of conditions) {
      if (c === null) continue;
      result = result === null ? c : this.compute("bool", "($0 & $1)", [result, c]);
    }
    return result;
  }

  /** An i32 value as an index; the caller promises its range. */
  dynamicIndex(value: number, lo: number, hi: number): IndexExpr {
    return this.index.value(value, lo, hi, (this.steps[value] as Step).variables);
  }

  /** An index expression as an i32 value; outer variables are summed first so that their part can be hoisted. */
  indexValue(e: IndexExpr): number {
    const found = this.#knownIndices.get(e);
    if (found !== undefined) return found;
    const outermost = (bits: number) => 32 - Math.clz32(bits);
    const terms = [...e.terms].sort((a, b) => outermost(a[0].variables) - outermost(b[0].variables));
    let sum = -1;
    for (const [atom, factor] of terms) {
      const value = this.#atomValue(atom);
      const negative = factor < 0;
      const size = Math.abs(factor);
      const product = size === 1 ? value : this.compute("i32", `($0 * ${size})`, [value]);
      if (sum < 0) sum = negative ? this.compute("i32", "(0 - $0)", [product]) : product;
      else sum = this.compute("i32", negative ? "($0 - $1)" : "($0 + $1)", [sum, product]);
    }
    if (sum < 0) sum = this.constant("i32", e.constant);
    else if (e.constant > 0) sum = this.compute("i32", `($0 + ${e.constant})`, [sum]);
    else if (e.constant < 0) sum = this.compute("i32", `($0 - ${-e.constant})`, [sum]);
    this.#knownIndices.set(e, sum);
    return sum;
  }

  #atomValue(atom: IndexExpr["terms"][number][0]): number {
    if (atom.kind === "variable") return this.#step("variable", "i32", "", atom.ref, [], 1 << atom.ref);
    if (atom.kind === "value") return atom.ref;
    const base = this.indexValue(atom.base as IndexExpr);
    const d = atom.divisor;
    const bits = Math.log2(d);
    if (atom.kind === "quotient")
      return this.compute("i32", Number.isInteger(bits) ? `($0 >> ${bits}u)` : `($0 / ${d})`, [base]);
    return this.compute("i32", Number.isInteger(bits) ? bounded(`$0 & ${d - 1}`, d - 1) : `($0 % ${d})`, [
      base,
    ]);
  }

  /** Loop variables that an index depends on. */
  variablesOf(e: IndexExpr): number {
    return indexVariables(e);
  }
}

/** An i32 expression that has no negative value and none above `last`, told so that compilers know it. */
export const bounded = (text: string, last: number): string => `i32(min(u32(${text}), ${last}u))`;

/** A WGSL literal. Infinities and NaN are made at run time, because WGSL refuses them as constants. */
export function literal(type: ScalarType, value: number): string {
  if (type === "bool") return value ? "true" : "false";
  if (type === "u32") return `${value >>> 0}u`;
  if (type === "i32")
    return value === -2147483648 ? "i32(-2147483648)" : value < 0 ? `(${value | 0})` : `${value | 0}`;
  const f = Math.fround(value);
  if (Number.isNaN(f)) return "from_bits(0x7fc00000u)";
  if (!Number.isFinite(f)) return f > 0 ? "from_bits(0x7f800000u)" : "from_bits(0xff800000u)";
  if (f !== 0 && Math.abs(f) < 1.1754943508222875e-38) return `from_bits(0x${floatBits(f).toString(16)}u)`;
  if (Object.is(f, -0)) return "from_bits(0x80000000u)";
  const text = String(f);
  const decimal = /[.e]/.test(text) ? text : `${text}.0`;
  return f < 0 ? `(${decimal}f)` : `${decimal}f`;
}

function floatBits(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return view.getUint32(0);
}
