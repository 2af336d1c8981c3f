// Arrays on the host for references that are written as plain loops.
import { expect } from "vitest";
import { evaluate } from "../../engine/evaluate.ts";
import { eachPosition } from "../../engine/ops/host-loops.ts";
import { type Tensor, tensor } from "../../mod.ts";
import { numbers } from "./host-gradients.ts";

/** A float64 array with a shape. */
export class Grid {
  readonly shape: readonly number[];
  readonly data: number[];

  constructor(shape: readonly number[], data: readonly number[]) {
    this.shape = shape;
    this.data = [...data];
  }

  /** Each element from its position. */
  static from(shape: readonly number[], f: (...at: number[]) => number): Grid {
    const data: number[] = [];
    eachPosition(shape, (at) => data.push(f(...at)));
    return new Grid(shape, data);
  }

  /** Numbers between -2 and 2, rounded to f32, that look random. */
  static random(shape: readonly number[], seed = 1): Grid {
    return new Grid(shape, numbers(size(shape), seed).map(Math.fround));
  }

  private index(at: readonly number[]): number {
    return at.reduce((index, n, i) => index * (this.shape[i] as number) + n, 0);
  }

  get(...at: number[]): number {
    return this.data[this.index(at)] as number;
  }

  /** The element there, or `outside` where the position is none. */
  read(at: readonly number[], outside = 0): number {
    return at.every((n, i) => n >= 0 && n < (this.shape[i] as number)) ? this.get(...at) : outside;
  }

  add(at: readonly number[], value: number): void {
    (this.data[this.index(at)] as number) += value;
  }

  get tensor(): Tensor {
    return tensor(Float32Array.from(this.data), { shape: this.shape });
  }
}

export const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
export const zeros = (shape: readonly number[]): Grid => Grid.from(shape, () => 0);
export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** A tensor, what it should be, and how far off it may be, in units of its largest value. */
export type ExpectedGrid = readonly [Tensor, Grid, number?];

/** Evaluates all tensors in one program and compares them. */
export async function checkGrids(cases: Readonly<Record<string, ExpectedGrid>>): Promise<void> {
  const entries = Object.entries(cases);
  evaluate(entries.filter(([, [x]]) => x.size > 0).map(([, [x]]) => x.node));
  for (const [name, [x, want, tolerance = 2e-6]] of entries) {
    expect(x.shape, name).toEqual(want.shape);
    const got = await x.data();
    const most = Math.max(1e-6, ...want.data.filter(Number.isFinite).map(Math.abs));
    want.data.forEach((value, i) => {
      const message = `${name} [${i}]: ${got[i]}, want ${value}`;
      if (!Number.isFinite(value)) expect(got[i], message).toBe(value);
      else expect(Math.abs((got[i] as number) - value) <= tolerance * most, message).toBe(true);
    });
  }
}
