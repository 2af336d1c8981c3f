import { stopGradient, type Tensor, treeMap } from "../../mod.ts";
import { keyStream } from "./keys.ts";

/** How a model is run: with fixed statistics and without noise, or as in training. */
export interface Mode {
  readonly training: boolean;
  /** A random key that no other call has got. */
  key(): Tensor;
  /** The statistic at `leaf` as the passes so far have left it. */
  current(leaf: Tensor): Tensor;
  /** Notes the new value of a statistic. */
  update(leaf: Tensor, value: Tensor): void;
}

/** Running statistics are used and kept, dropout does nothing. */
export const evalMode: Mode = {
  training: false,
  key() {
    throw new TypeError("evalMode: there is no randomness in evaluation; try trainMode({ key })");
  },
  current: (leaf) => leaf,
  update() {
    throw new TypeError("evalMode: statistics do not change in evaluation; try trainMode()");
  },
};

export interface TrainModeOptions {
  /** Where dropout and its like get their randomness from; models without them need none. */
  key?: Tensor;
}

/**
 * One training pass (or several, whose statistics then follow each other).
 *
 * @example
 *   const mode = trainMode({ key });
 *   const out = model.forward(x, mode);
 *   const next = mode.apply(model); // the model with its new running statistics
 *
 * Source: models/nn/mode.ts.
 */
export const trainMode = (options: TrainModeOptions = {}): TrainMode => new TrainMode(options);

export class TrainMode implements Mode {
  readonly training = true;
  private readonly nextKey: (() => Tensor) | undefined;
  private readonly updated = new Map<Tensor, Tensor>();

  constructor({ key }: TrainModeOptions) {
    this.nextKey = key && keyStream(key);
  }

  key(): Tensor {
    if (this.nextKey) return this.nextKey();
    throw new TypeError("trainMode: this model draws random numbers; try trainMode({ key: key(seed) })");
  }

  current(leaf: Tensor): Tensor {
    return this.updated.get(leaf) ?? leaf;
  }

  update(leaf: Tensor, value: Tensor): void {
    this.updated.set(leaf, stopGradient(value));
  }

  /** The model with the statistics that its passes in this mode have left. */
  apply<T>(model: T): T {
    return treeMap((leaf) => this.current(leaf), model);
  }
}
