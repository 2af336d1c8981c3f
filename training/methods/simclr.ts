import { SimClr, type SimClrOptions } from "../../models/resnet/simclr.ts";
import {
  type ContrastiveMethod,
  type ContrastiveOptions,
  type ContrastiveState,
  contrastive,
} from "./contrastive.ts";

export interface SimClrMethodOptions extends ContrastiveOptions {
  /** All of the model but its key. */
  readonly model?: Omit<SimClrOptions, "key">;
}

export type SimClrState = ContrastiveState<SimClr>;
export type SimClrMethod = ContrastiveMethod<SimClr>;

/**
 * SimCLR on a residual network: the baseline of ScatSimCLR.
 *
 * Source: training/methods/simclr.ts. Paper: Chen et al. 2020.
 */
export const simClr = ({ model, ...options }: SimClrMethodOptions): SimClrMethod =>
  contrastive("SimCLR", (key) => new SimClr({ ...model, key }), options);
