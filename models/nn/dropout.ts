import { dropout, ones, type Tensor } from "../../mod.ts";
import { evalMode, type Mode } from "./mode.ts";
import type { Module } from "./module.ts";

/** In training, sets each element to 0 with probability `p` and scales the others by 1 / (1 - p). */
export class Dropout implements Module {
  readonly p: number;

  constructor({ p = 0.5 }: { p?: number } = {}) {
    this.p = checkProbability("Dropout", p);
  }

  forward(x: Tensor, mode: Mode = evalMode): Tensor {
    if (!mode.training || this.p === 0) return x;
    return dropout(x, { p: this.p, key: mode.key() });
  }
}

/**
 * Stochastic depth: in training, sets each sample (a place of axis 0) to 0 with probability `p` and scales the others
 * by 1 / (1 - p). Paper: Huang et al. 2016.
 */
export class DropPath implements Module {
  readonly p: number;

  constructor({ p }: { p: number }) {
    this.p = checkProbability("DropPath", p);
  }

  forward(x: Tensor, mode: Mode = evalMode): Tensor {
    if (!mode.training || this.p === 0) return x;
    const samples = x.shape.map((n, axis) => (axis === 0 ? n : 1));
    return x.mul(dropout(ones(samples, { dtype: x.dtype }), { p: this.p, key: mode.key() }));
  }
}

function checkProbability(name: string, p: number): number {
  if (p >= 0 && p <= 1) return p;
  throw new RangeError(`${name}: p is ${p}; need a probability`);
}
