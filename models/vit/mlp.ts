import { gelu, type Tensor } from "../../mod.ts";
import { keyStream } from "../nn/keys.ts";
import { Linear } from "../nn/linear.ts";
import type { Module } from "../nn/module.ts";
import { tokenNormal } from "./init.ts";

/** Two linear layers with the exact GELU between them, on the last axis. */
export class Mlp implements Module {
  readonly fc1: Linear;
  readonly fc2: Linear;

  constructor({ key, width, hidden }: { key: Tensor; width: number; hidden: number }) {
    const next = keyStream(key);
    this.fc1 = new Linear({ key: next(), inFeatures: width, outFeatures: hidden, init: tokenNormal });
    this.fc2 = new Linear({ key: next(), inFeatures: hidden, outFeatures: width, init: tokenNormal });
  }

  forward(x: Tensor): Tensor {
    return this.fc2.forward(gelu(this.fc1.forward(x)));
  }
}
