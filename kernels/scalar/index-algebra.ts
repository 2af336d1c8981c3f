/**
 * Integer index expressions in a canonical form: a constant plus multiples of atoms. An atom is a loop variable, a
 * value read from memory, or a quotient or remainder of another expression by a literal. Each knows its range, so a
 * reshape that undoes another one, or a remainder that cannot wrap, vanishes here and never reaches WGSL.
 */

export interface Atom {
  readonly id: number;
  readonly kind: "variable" | "value" | "quotient" | "remainder";
  /** Variable number or value id. */
  readonly ref: number;
  readonly base: IndexExpr | null;
  readonly divisor: number;
  readonly lo: number;
  readonly hi: number;
  /** Which loop variables it depends on, as bits. */
  readonly variables: number;
}

export interface IndexExpr {
  readonly constant: number;
  /** Atoms with non-zero factors, ordered by atom id. */
  readonly terms: readonly (readonly [Atom, number])[];
  readonly lo: number;
  readonly hi: number;
}

const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b));

function make(constant: number, terms: readonly (readonly [Atom, number])[]): IndexExpr {
  let lo = constant;
  let hi = constant;
  for (const [atom, factor] of terms) {
    lo += factor > 0 ? factor * atom.lo : factor * atom.hi;
    hi += factor > 0 ? factor * atom.hi : factor * atom.lo;
  }
  return { constant, terms, lo, hi };
}

export const constantIndex = (value: number): IndexExpr => make(value, []);
export const indexVariables = (e: IndexExpr): number => e.terms.reduce((bits, [a]) => bits | a.variables, 0);

export const sameIndex = (a: IndexExpr, b: IndexExpr): boolean =>
  a.constant === b.constant &&
  a.terms.length === b.terms.length &&
  a.terms.every(([atom, factor], i) => b.terms[i]?.[0] === atom && b.terms[i]?.[1] === factor);

export const samePosition = (a: readonly IndexExpr[], b: readonly IndexExpr[]): boolean =>
  a.length === b.length && a.every((e, i) => sameIndex(e, b[i] as IndexExpr));

/**
 * Makes atoms unique within one kernel, so that equal expressions are equal objects. An atom says nothing but what it is
 * made with, so that several attempts at a kernel may share them.
 */
export class IndexAlgebra {
  readonly #atoms = new Map<string, Atom>();

  #atom(key: string, parts: Omit<Atom, "id">): IndexExpr {
    let atom = this.#atoms.get(key);
    if (!atom) {
      atom = { id: this.#atoms.size, ...parts };
      this.#atoms.set(key, atom);
    }
    return atom.lo === atom.hi ? constantIndex(atom.lo) : make(0, [[atom, 1]]);
  }

  /** A loop variable running over 0..size-1. */
  variable(number: number, size: number): IndexExpr {
    const rest = { base: null, divisor: 1, lo: 0, hi: Math.max(0, size - 1), variables: 1 << number };
    return this.#atom(`v${number}<${size}`, { kind: "variable", ref: number, ...rest });
  }

  /** An index that the kernel computes, promised to lie within lo..hi. */
  value(id: number, lo: number, hi: number, variables: number): IndexExpr {
    return this.#atom(`x${id},${lo},${hi},${variables}`, {
      kind: "value",
      ref: id,
      base: null,
      divisor: 1,
      lo,
      hi,
      variables,
    });
  }

  add(a: IndexExpr, b: IndexExpr): IndexExpr {
    const factors = new Map<Atom, number>();
    for (const [atom, factor] of [...a.terms, ...b.terms])
      factors.set(atom, (factors.get(atom) ?? 0) + factor);
    return this.#recombine(a.constant + b.constant, factors);
  }

  scale(a: IndexExpr, k: number): IndexExpr {
    if (k === 0) return constantIndex(0);
    return make(
      a.constant * k,
      a.terms.map(([atom, factor]) => [atom, factor * k] as const),
    );
  }

  offset(a: IndexExpr, k: number): IndexExpr {
    return make(a.constant + k, a.terms);
  }

  /** floor(a / d) for a >= 0. */
  quotient(a: IndexExpr, d: number): IndexExpr {
    if (d === 1) return a;
    const { whole, rest } = this.#splitBy(a, d);
    if (rest.lo >= 0 && rest.hi < d) return whole;
    return this.add(whole, this.#quotientAtom(rest, d));
  }

  /** a mod d for a >= 0. */
  remainder(a: IndexExpr, d: number): IndexExpr {
    if (d === 1) return constantIndex(0);
    const { rest } = this.#splitBy(a, d);
    if (rest.lo >= 0 && rest.hi < d) return rest;
    const coarse = coarsen(rest, d);
    if (coarse) {
      const { g, high, low } = coarse;
      return this.add(this.scale(this.remainder(high, d / g), g), low);
    }
    const only = singleAtom(rest);
    if (only?.kind === "remainder" && only.divisor % d === 0)
      return this.remainder(only.base as IndexExpr, d);
    return this.#atom(`(${keyOf(rest)})%${d}`, {
      kind: "remainder",
      ref: -1,
      base: rest,
      divisor: d,
      lo: 0,
      hi: Math.min(d - 1, rest.hi),
      variables: indexVariables(rest),
    });
  }

  /** Row-major index of a position. */
  flatten(position: readonly IndexExpr[], shape: readonly number[]): IndexExpr {
    let flat = constantIndex(0);
    let stride = 1;
    for (let i = shape.length - 1; i >= 0; i--) {
      flat = this.add(flat, this.scale(position[i] as IndexExpr, stride));
      stride *= shape[i] as number;
    }
    return flat;
  }

  /** Position of a row-major index. */
  unflatten(flat: IndexExpr, shape: readonly number[]): IndexExpr[] {
    const position = new Array<IndexExpr>(shape.length);
    let rest = flat;
    for (let i = shape.length - 1; i > 0; i--) {
      const n = shape[i] as number;
      position[i] = this.remainder(rest, n);
      rest = this.quotient(rest, n);
    }
    if (shape.length > 0) position[0] = shape[0] === 1 ? constantIndex(0) : rest;
    return position;
  }

  /** a = d * whole + rest, with rest >= 0 wherever possible and as small as its range allows. */
  #splitBy(a: IndexExpr, d: number): { whole: IndexExpr; rest: IndexExpr } {
    const whole: [Atom, number][] = [];
    const rest: [Atom, number][] = [];
    for (const [atom, factor] of a.terms) {
      const quotient = Math.floor(factor / d);
      if (quotient !== 0 && factor > 0) whole.push([atom, quotient]);
      else if (factor % d === 0) whole.push([atom, factor / d]);
      const left = factor > 0 || factor % d === 0 ? ((factor % d) + d) % d : factor;
      if (left !== 0) rest.push([atom, left]);
    }
    const low = Math.floor(a.constant / d);
    const split = { whole: make(low, whole), rest: make(a.constant - low * d, rest) };
    return split.rest.lo >= 0 ? split : { whole: constantIndex(0), rest: a };
  }

  #quotientAtom(rest: IndexExpr, d: number): IndexExpr {
    const coarse = coarsen(rest, d);
    if (coarse) return this.quotient(coarse.high, d / coarse.g);
    const only = singleAtom(rest);
    if (only?.kind === "quotient") return this.quotient(only.base as IndexExpr, only.divisor * d);
    if (only?.kind === "remainder" && only.divisor % d === 0) {
      return this.remainder(this.quotient(only.base as IndexExpr, d), only.divisor / d);
    }
    return this.#atom(`(${keyOf(rest)})/${d}`, {
      kind: "quotient",
      ref: -1,
      base: rest,
      divisor: d,
      lo: Math.floor(Math.max(0, rest.lo) / d),
      hi: Math.floor(rest.hi / d),
      variables: indexVariables(rest),
    });
  }

  /** Sums factors and turns each pair d * (e / d) + e % d back into e. */
  #recombine(constant: number, factors: Map<Atom, number>): IndexExpr {
    for (;;) {
      let changed = false;
      for (const [atom, k] of factors) {
        if (atom.kind !== "remainder" || k === 0) continue;
        const base = atom.base as IndexExpr;
        const other = singleAtom(this.quotient(base, atom.divisor));
        if (!other || factors.get(other) !== k * atom.divisor) continue;
        factors.delete(atom);
        factors.delete(other);
        for (const [a, f] of base.terms) factors.set(a, (factors.get(a) ?? 0) + f * k);
        constant += base.constant * k;
        changed = true;
        break;
      }
      if (!changed) break;
    }
    const terms = [...factors].filter(([, k]) => k !== 0).sort((x, y) => x[0].id - y[0].id);
    return make(constant, terms);
  }
}

/** e = g * high + low for a divisor g of d above 1, with low in 0..g-1: what d divides follows from `high` alone. */
function coarsen(e: IndexExpr, d: number): { g: number; high: IndexExpr; low: IndexExpr } | null {
  for (const [, factor] of e.terms) {
    const g = gcd(d, factor);
    const floor = Math.floor(e.constant / g);
    const isCoarse = ([, f]: IndexExpr["terms"][number]) => f % g === 0;
    const low = make(
      e.constant - floor * g,
      e.terms.filter((t) => !isCoarse(t)),
    );
    if (g === 1 || low.lo < 0 || low.hi >= g) continue;
    const high = e.terms.filter(isCoarse).map(([atom, f]) => [atom, f / g] as const);
    return { g, high: make(floor, high), low };
  }
  return null;
}

function singleAtom(e: IndexExpr): Atom | null {
  const first = e.terms[0];
  return e.constant === 0 && e.terms.length === 1 && first && first[1] === 1 ? first[0] : null;
}

const keyOf = (e: IndexExpr): string => `${e.constant}${e.terms.map(([a, k]) => `+${k}*a${a.id}`).join("")}`;
