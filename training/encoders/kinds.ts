import { type DinoForm, dinoEncoder } from "./dino.ts";
import { type EsVitForm, esVitEncoder } from "./esvit.ts";
import type { EncoderKind } from "./kind.ts";
import { type ScatSimClrForm, scatSimClrEncoder } from "./scatsimclr.ts";
import { type SelfPatchForm, selfPatchEncoder } from "./selfpatch.ts";
import { type SimClrForm, simClrEncoder } from "./simclr.ts";

/** What the weights of an encoder do not say by themselves, as plain data; `method` tells the forms apart. */
export type EncoderForm = ScatSimClrForm | SimClrForm | DinoForm | SelfPatchForm | EsVitForm;

const kinds: Readonly<Record<EncoderForm["method"], EncoderKind<EncoderForm, object>>> = {
  ScatSimCLR: scatSimClrEncoder,
  SimCLR: simClrEncoder,
  DINO: dinoEncoder,
  SelfPatch: selfPatchEncoder,
  EsViT: esVitEncoder,
};

/** What is known about encoders of this form. */
export const kindOf = ({ method }: Pick<EncoderForm, "method">): EncoderKind<EncoderForm, object> =>
  kinds[method];

export const isKnownMethod = (method: unknown): boolean => Object.hasOwn(kinds, String(method));
