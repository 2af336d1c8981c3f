import type { Damage } from "../../data/collection.ts";
import type { Monitors } from "../../training/monitors/monitors.ts";

// What the page and its worker say to each other. Everything is plain data that can be cloned.

/** A file with its path below what was dropped. */
export interface NamedFile {
  readonly path: string;
  readonly file: File;
}

export interface StartMessage {
  readonly type: "start";
  /** Null for the bundled drawings. */
  readonly files: readonly NamedFile[] | null;
  /** Texts by name, as an address or a form has them: preset, epochs, seed, limit and so on. */
  readonly given: Readonly<Record<string, string>>;
  /** Address of the page, which bundled files lie beside. */
  readonly base: string;
}

export type ToWorker =
  | StartMessage
  | { readonly type: "stop" }
  /** What the trained encoder sees in an image: one of those that were offered, by number, or in files. */
  | { readonly type: "look"; readonly image: number | readonly File[] }
  /** Patches of the first of the images that were looked at last are marked; the others should take the labels. */
  | { readonly type: "carry"; readonly cells: readonly number[] };

export type FromWorker =
  | { readonly type: "status"; readonly text: string }
  /** A line for those who read along. */
  | { readonly type: "line"; readonly text: string }
  | { readonly type: "data"; readonly words: readonly string[]; readonly skipped: readonly Damage[] }
  | { readonly type: "start"; readonly model: string; readonly done: number; readonly steps: number }
  | { readonly type: "step"; readonly step: number; readonly loss: number; readonly text: string }
  | { readonly type: "monitors"; readonly step: number; readonly monitors: Monitors }
  | { readonly type: "warning"; readonly text: string }
  | { readonly type: "trained"; readonly encoder: Uint8Array<ArrayBuffer>; readonly stopped: boolean }
  | {
      readonly type: "scores";
      readonly rows: readonly (readonly string[])[];
      /** What to know before reading them. */
      readonly about: readonly string[];
    }
  | { readonly type: "done"; readonly verdict: string; readonly report: string }
  /** The encoder can be looked into: buttons with images to choose from, as HTML. */
  | { readonly type: "gallery"; readonly html: string }
  | { readonly type: "looks"; readonly html: string }
  /** Pictures of masks, one for each image but the first. */
  | { readonly type: "carried"; readonly masks: readonly string[] }
  | { readonly type: "cannot look"; readonly text: string }
  | { readonly type: "error"; readonly text: string };
