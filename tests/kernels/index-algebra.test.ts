// Index expressions against arithmetic on plain numbers, for every value of the loop variables.
import fc from "fast-check";
import { expect, test } from "vitest";
import { eachPosition } from "../../engine/ops/host-loops.ts";
import { ScalarBuilder } from "../../kernels/scalar/builder.ts";
import { IndexAlgebra, type IndexExpr, sameIndex } from "../../kernels/scalar/index-algebra.ts";

/** The value of an expression by its definition. */
function evaluate(e: IndexExpr, variables: readonly number[]): number {
  return e.terms.reduce((sum, [atom, factor]) => {
    const base = atom.base ? evaluate(atom.base, variables) : 0;
    const value = {
      variable: () => variables[atom.ref] as number,
      value: () => variables[atom.ref] as number,
      quotient: () => Math.floor(base / atom.divisor),
      remainder: () => base % atom.divisor,
    }[atom.kind]();
    if (value < atom.lo || value > atom.hi)
      throw new Error(`${atom.kind} has value ${value} outside ${atom.lo}..${atom.hi}`);
    if (atom.base && base < 0) throw new Error(`${atom.kind} of the negative number ${base}`);
    return sum + factor * value;
  }, e.constant);
}

interface Pair {
  readonly e: IndexExpr;
  readonly f: (variables: readonly number[]) => number;
}

type Instruction = readonly [kind: number, first: number, second: number, size: number];

const programs = fc.record({
  sizes: fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 3 }),
  instructions: fc.array(
    fc.tuple(fc.nat(6), fc.nat(30), fc.nat(30), fc.integer({ min: 1, max: 12 })) as fc.Arbitrary<Instruction>,
    { minLength: 1, maxLength: 14 },
  ),
});

/** Follows the instructions; those that the algebra does not define (quotients of negative numbers) are left out. */
function build(
  algebra: IndexAlgebra,
  sizes: readonly number[],
  instructions: readonly Instruction[],
): Pair[] {
  const made: Pair[] = sizes.map((n, i) => ({ e: algebra.variable(i, n), f: (v) => v[i] as number }));
  const points: number[][] = [];
  eachPosition(sizes, (p) => points.push([...p]));
  for (const [kind, first, second, n] of instructions) {
    const a = made[first % made.length] as Pair;
    const b = made[second % made.length] as Pair;
    if (Math.max(Math.abs(a.e.lo), Math.abs(a.e.hi), Math.abs(b.e.lo), Math.abs(b.e.hi)) > 1e6) continue;
    const natural = points.every((p) => a.f(p) >= 0);
    if (kind === 0) made.push({ e: algebra.add(a.e, b.e), f: (v) => a.f(v) + b.f(v) });
    else if (kind === 1) made.push({ e: algebra.scale(a.e, n), f: (v) => a.f(v) * n });
    else if (kind === 2) made.push({ e: algebra.offset(a.e, n - 6), f: (v) => a.f(v) + n - 6 });
    else if (kind === 3) made.push({ e: algebra.scale(a.e, -n), f: (v) => -n * a.f(v) });
    else if (!natural) continue;
    else if (kind === 4) made.push({ e: algebra.quotient(a.e, n), f: (v) => Math.floor(a.f(v) / n) });
    else if (kind === 5) made.push({ e: algebra.remainder(a.e, n), f: (v) => a.f(v) % n });
    else {
      const back = algebra.add(algebra.scale(algebra.quotient(a.e, n), n), algebra.remainder(a.e, n));
      made.push({ e: back, f: a.f });
    }
  }
  return made;
}

test("expressions have the values and ranges that plain arithmetic gives", () => {
  fc.assert(
    fc.property(programs, ({ sizes, instructions }) => {
      const made = build(new IndexAlgebra(), sizes, instructions);
      eachPosition(sizes, (p) => {
        for (const { e, f } of made) {
          const value = f(p);
          if (evaluate(e, p) !== value) throw new Error(`${evaluate(e, p)} instead of ${value} at ${p}`);
          if (value < e.lo || value > e.hi) throw new Error(`${value} outside ${e.lo}..${e.hi}`);
        }
      });
    }),
    { numRuns: 1500 },
  );
});

/** Runs the i32 steps of a scalar program. */
function runSteps(s: ScalarBuilder, id: number, variables: readonly number[]): number {
  const step = s.steps[id] as ScalarBuilder["steps"][number];
  if (step.kind === "variable") return variables[step.ref] as number;
  const args = step.args.map((x) => runSteps(s, x, variables));
  const text = step.text.replace(/\$(\d)/g, (_, i) => `(${args[Number(i)]})`).replace(/(\d)u\b/g, "$1");
  const names = { i32: (x: number) => x | 0, u32: (x: number) => x >>> 0, min: Math.min };
  const value = text.includes("/") ? `Math.trunc(${text})` : text;
  return new Function(...Object.keys(names), `return ${value}`)(...Object.values(names)) as number;
}

test("the WGSL of an expression computes it", () => {
  fc.assert(
    fc.property(programs, ({ sizes, instructions }) => {
      const s = new ScalarBuilder();
      const { e, f } = build(s.index, sizes, instructions).at(-1) as Pair;
      const id = s.indexValue(e);
      const last = sizes.map((n) => n - 1);
      const middle = sizes.map((n) => n >> 1);
      for (const p of [sizes.map(() => 0), middle, last]) expect(runSteps(s, id, p) === f(p)).toBe(true);
    }),
    { numRuns: 400 },
  );
});

const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 });

test("a reshape that is undone leaves nothing behind", () => {
  fc.assert(
    fc.property(shapes, shapes, fc.boolean(), (factors, order, flat) => {
      // Two ways to group the same factors into axes.
      const algebra = new IndexAlgebra();
      const total = factors.reduce((a, b) => a * b, 1);
      const coarse: number[] = [];
      factors.forEach((n, i) => {
        if (coarse.length > 0 && (order[i] ?? 0) % 2 === 1) coarse.push((coarse.pop() as number) * n);
        else coarse.push(n);
      });
      const position = flat
        ? algebra.unflatten(algebra.variable(0, total), factors)
        : factors.map((n, i) => algebra.variable(i, n));
      const there = algebra.unflatten(algebra.flatten(position, factors), coarse);
      const back = algebra.unflatten(algebra.flatten(there, coarse), factors);
      for (const [i, e] of back.entries()) expect(sameIndex(e, position[i] as IndexExpr)).toBe(true);
    }),
    { numRuns: 500 },
  );
});
