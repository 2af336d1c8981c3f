import { ScatSimClr, type ScatSimClrOptions } from "../../models/scatsimclr/scatsimclr.ts";
import {
  type ContrastiveMethod,
  type ContrastiveOptions,
  type ContrastiveState,
  contrastive,
} from "./contrastive.ts";

export interface ScatSimClrMethodOptions extends ContrastiveOptions {
  /** All of the model but its key. */
  readonly model: Omit<ScatSimClrOptions, "key">;
}

export type ScatSimClrState = ContrastiveState<ScatSimClr>;
export type ScatSimClrMethod = ContrastiveMethod<ScatSimClr>;

/**
 * ScatSimCLR: SimCLR on a fixed scattering transform and a small network, with rotation or jigsaw as a second task.
 *
 * @example As published, but for the size
 *   scatSimClr({ model: { scattering: { J: 2, L: 16, shape: [96, 96] }, adapter: adapters.scatsimclr12 },
 *     statistics, views: scatSimClrRecipe, pretext: "rotation", schedule: "published" });
 *
 * Source: training/methods/scatsimclr.ts. Paper: Kinakh, Taran and Voloshynovskiy 2021.
 */
export const scatSimClr = ({ model, ...options }: ScatSimClrMethodOptions): ScatSimClrMethod =>
  contrastive("ScatSimCLR", (key) => new ScatSimClr({ ...model, key }), options);
