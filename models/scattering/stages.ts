import type { Tensor } from "../../mod.ts";
import type { Labelled } from "./labelled.ts";

/** Wavelets applied to images and to moduli. What lies between the two methods is for the stages alone to read. */
export interface Stages {
  /** What `moduli` wants to know of images `[N, M, N']`. */
  ofImages(images: Tensor): Labelled;
  /** The same of real maps at `2^-level` of the resolution; angles are axis l. */
  ofMaps(maps: Labelled, level: number): Labelled;
  /** `|x * psi|` for all angles of a scale, along a new axis k. */
  moduli(prepared: Labelled, level: number | "input", scale: number): Labelled;
}
