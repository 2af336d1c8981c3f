import { gelu, leakyRelu, relu, sigmoid, silu, type Tensor, tanh } from "../../mod.ts";
import type { Module } from "./module.ts";

/** A function as a module, to stand in a `Sequential`. */
export class Apply implements Module {
  readonly f: (x: Tensor) => Tensor;

  constructor(f: (x: Tensor) => Tensor) {
    this.f = f;
  }

  forward(x: Tensor): Tensor {
    return this.f(x);
  }
}

export class ReLU implements Module {
  forward(x: Tensor): Tensor {
    return relu(x);
  }
}

export class LeakyReLU implements Module {
  readonly negativeSlope: number;

  constructor({ negativeSlope = 0.01 }: { negativeSlope?: number } = {}) {
    this.negativeSlope = negativeSlope;
  }

  forward(x: Tensor): Tensor {
    return leakyRelu(x, { negativeSlope: this.negativeSlope });
  }
}

export class GELU implements Module {
  readonly approximate: "none" | "tanh";

  constructor({ approximate = "none" }: { approximate?: "none" | "tanh" } = {}) {
    this.approximate = approximate;
  }

  forward(x: Tensor): Tensor {
    return gelu(x, { approximate: this.approximate });
  }
}

export class SiLU implements Module {
  forward(x: Tensor): Tensor {
    return silu(x);
  }
}

export class Sigmoid implements Module {
  forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

export class Tanh implements Module {
  forward(x: Tensor): Tensor {
    return tanh(x);
  }
}
