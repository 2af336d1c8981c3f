// What the tests of functions share: many expectations in one evaluation, and errors by their facts.
import { expect } from "vitest";
import { evaluate } from "../../engine/evaluate.ts";
import { configureDevice, type Tensor } from "../../mod.ts";
import { nodeGPU } from "../support/host.ts";

type Nested = number | boolean | readonly Nested[];

/** A tensor, the values it should have, and the relative error it may have (0 for what must be exact). */
export type Expected = readonly [Tensor, Nested, number?];

let gpu: GPU | undefined;

/** Must be called before the first evaluation of a test file. */
export function useNodeDevice(): void {
  gpu ??= nodeGPU();
  configureDevice({ gpu });
}

/** Evaluates all tensors in one program and compares them: shape, and each value. */
export async function check(cases: Readonly<Record<string, Expected>>): Promise<void> {
  evaluate(
    Object.values(cases)
      .filter(([x]) => x.size > 0)
      .map(([x]) => x.node),
  );
  for (const [name, [x, want, tolerance = 2e-6]] of Object.entries(cases)) {
    const got = (await x.array()) as Nested;
    expect(shapeOf(got), `${name}: shape`).toEqual(shapeOf(want));
    const [a, b] = [flat(got), flat(want)];
    const close = a.every((v, i) => near(v, b[i] as number | boolean, tolerance));
    // On a miss the whole arrays are shown side by side.
    if (!close) expect(got, name).toEqual(want);
    expect(close, `${name}: ${JSON.stringify(got)} is not ${JSON.stringify(want)}`).toBe(true);
  }
}

const flat = (x: Nested): (number | boolean)[] =>
  Array.isArray(x) ? x.flatMap(flat) : [x as number | boolean];

const shapeOf = (x: Nested): number[] =>
  Array.isArray(x) ? [x.length, ...(x.length > 0 ? shapeOf(x[0] as Nested) : [])] : [];

function near(a: number | boolean, b: number | boolean, tolerance: number): boolean {
  if (typeof a === "boolean" || typeof b === "boolean" || !Number.isFinite(b)) return Object.is(a, b);
  return a === b || Math.abs(a - b) <= tolerance * Math.abs(b);
}

/** The facts of the error that `body` throws. */
export function errorOf(body: () => unknown): { name: string; op: string; problem: string } {
  try {
    body();
  } catch (error) {
    const { name, op, facts } = error as { name: string; op: string; facts: { problem: string } };
    return { name, op, problem: facts?.problem ?? String(error) };
  }
  throw new Error("nothing was thrown");
}
