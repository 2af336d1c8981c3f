import type { ResNetShape } from "../../models/resnet/resnet.ts";
import { SimClr } from "../../models/resnet/simclr.ts";
import { behind, type EncoderKind } from "./kind.ts";

export interface SimClrForm {
  readonly method: "SimCLR";
  readonly network: ResNetShape;
  /** Widths of the projection head; a null inner width is that of the representation. */
  readonly hidden: number | null;
  readonly out: number;
}

/** Kept with its head; the network's tensors are named as torchvision's, behind `backbone.`. */
export const simClrEncoder: EncoderKind<SimClrForm, SimClr> = {
  make: ({ network, hidden, out }, { channels }, key) =>
    new SimClr({ key, network, channels, out, ...(hidden === null ? {} : { hidden }) }),
  nameOf: (path) => behind("model.", path),
  represent: (model, images) => model.encode(images).h,
};
