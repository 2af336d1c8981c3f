import { GraphNode } from "./ir/node.ts";
import type { LiftedTo } from "./lifted.ts";
import { mapPlain } from "./map-plain.ts";
import { Tensor, wrap } from "./tensor.ts";

/** A type with tensors in place of graph nodes. */
export type Lifted<T> = LiftedTo<Tensor, T>;

/** The public form of a function on graph nodes: it takes and gives tensors. */
export function lift<A extends unknown[], R>(f: (...args: A) => R): (...args: Lifted<A>) => Lifted<R> {
  return (...args) => wrapAll(f(...(args.map(unwrapAll) as A))) as Lifted<R>;
}

/** Tensors, also those in arrays and options, as nodes. */
export const unwrapAll = (x: unknown): unknown => mapPlain(x, (y) => (y instanceof Tensor ? y.node : y));

const wrapAll = (x: unknown): unknown => mapPlain(x, (y) => (y instanceof GraphNode ? wrap(y) : y));
