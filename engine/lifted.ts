import type { GraphNode } from "./ir/node.ts";

/** A type with handles, such as tensors, in place of graph nodes. */
export type LiftedTo<Handle, T> = T extends GraphNode
  ? Handle
  : T extends (...args: never[]) => unknown
    ? T
    : T extends ArrayBufferView
      ? T
      : T extends readonly unknown[]
        ? { [K in keyof T]: LiftedTo<Handle, T[K]> }
        : T extends object
          ? { [K in keyof T]: LiftedTo<Handle, T[K]> }
          : T;
