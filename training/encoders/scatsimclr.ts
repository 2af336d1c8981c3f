import type { Adapter } from "../../models/scatsimclr/presets.ts";
import { ScatSimClr } from "../../models/scatsimclr/scatsimclr.ts";
import { behind, type EncoderKind } from "./kind.ts";

export interface ScatSimClrForm {
  readonly method: "ScatSimCLR";
  readonly scattering: { readonly J: number; readonly L: number };
  readonly adapter: Adapter;
  /** Widths of the projection head; a null inner width is that of the representation. */
  readonly hidden: number | null;
  readonly out: number;
}

/** Kept whole, with the head, as the published files are. */
export const scatSimClrEncoder: EncoderKind<ScatSimClrForm, ScatSimClr> = {
  make: ({ scattering, adapter, hidden, out }, { height, width, channels }, key) =>
    new ScatSimClr({
      ...{ key, channels, adapter, out },
      ...(hidden === null ? {} : { hidden }),
      scattering: { ...scattering, shape: [height, width] },
    }),
  nameOf: (path) => behind("model.", path),
  fixed: (model, images) => model.scatter(images),
  represent: (model, features) => model.encode(features).h,
};
