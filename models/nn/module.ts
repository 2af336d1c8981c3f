import type { Tensor } from "../../mod.ts";
import type { Mode } from "./mode.ts";

/**
 * A part of a model: a class whose fields are tensors, modules and plain configuration.
 *
 * Modules are values. Nothing in them changes; training makes new ones (`treeMap`, an optimiser's step, `mode.apply`).
 * The path of a tensor is its name in published checkpoints, so fields are called what PyTorch calls them.
 */
export interface Module {
  forward(x: Tensor, mode?: Mode): Tensor;
}

const BUFFERS = ["running_mean", "running_var", "num_batches_tracked"];

/** Whether the tensor at this path is a parameter; the others are statistics, which no gradient moves. */
export const isTrainable = (path: string): boolean =>
  !BUFFERS.includes(path.slice(path.lastIndexOf(".") + 1));
