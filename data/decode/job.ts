import type { ImageKind } from "../formats/kind.ts";
import type { Target } from "./fit.ts";

/** A picture's file and what is to become of it. */
export interface Job {
  readonly kind: ImageKind;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly target: Target;
}

/** The bytes `[height, width, channels]`, or why there are none. */
export type Answer = { readonly pixels: Uint8Array<ArrayBuffer> } | { readonly problem: string };
