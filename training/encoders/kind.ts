import type { Tensor } from "../../mod.ts";

/** Form of the images that an encoder is made for. */
export interface ImageForm {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** What is known about the encoders of a method: `F` is the form of one as plain data, `M` its tree of tensors. */
export interface EncoderKind<F, M extends object> {
  /** An encoder with the weights that a run with this key starts from. */
  make(form: F, images: ImageForm, key: Tensor): M;
  /** What a tensor of the training state is called in the encoder's file; null for what is not part of the encoder. */
  nameOf(path: string): string | null;
  /** A first part in which nothing is learned, so that it can be computed once: images to what `represent` takes. */
  fixed?(model: M, images: Tensor): Tensor;
  /** The representation, `f32[B, D]`, which nearest neighbours see; of images `f32[B, C, H, W]` with normalised channels. */
  represent(model: M, images: Tensor): Tensor;
  /** What a linear classifier sees by the method's paper, `f32[B, D']`, where that is something else. */
  probe?(model: M, images: Tensor): Tensor;
}

/** The rest of a path that begins like this; null for others. */
export const behind = (start: string, path: string): string | null =>
  path.startsWith(start) ? path.slice(start.length) : null;
