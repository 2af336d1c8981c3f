import type { Tensor } from "../../mod.ts";
import { evalMode, type Mode } from "./mode.ts";
import type { Module } from "./module.ts";

/** Modules one after the other, named by their place: `0.weight`, `1.running_mean`. */
export class Sequential implements Module {
  readonly [place: number]: Module;

  constructor(modules: readonly Module[]) {
    Object.assign(this, modules);
  }

  /** The modules in their order. */
  *[Symbol.iterator](): Iterator<Module> {
    yield* Object.values(this) as Module[];
  }

  forward(x: Tensor, mode: Mode = evalMode): Tensor {
    let y = x;
    for (const module of this) y = module.forward(y, mode);
    return y;
  }
}

/** The input itself. */
export class Identity implements Module {
  forward(x: Tensor): Tensor {
    return x;
  }
}
