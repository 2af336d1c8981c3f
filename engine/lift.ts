import { GraphNode } from "./ir/node.ts";
import { Tensor, wrap } from "./tensor.ts";

/** A type with tensors in place of graph nodes. */
export type Lifted<T> = T extends GraphNode
  ? Tensor
  : T extends (...args: never[]) => unknown
    ? T
    : T extends ArrayBufferView
      ? T
      : T extends readonly unknown[]
        ? { [K in keyof T]: Lifted<T[K]> }
        : T extends object
          ? { [K in keyof T]: Lifted<T[K]> }
          : T;

/** The public form of a function on graph nodes: it takes and gives tensors. */
export function lift<A extends unknown[], R>(f: (...args: A) => R): (...args: Lifted<A>) => Lifted<R> {
  return (...args) => wrapAll(f(...(args.map(unwrapAll) as A))) as Lifted<R>;
}

function isPlain(x: object): boolean {
  const prototype = Object.getPrototypeOf(x);
  return prototype === Object.prototype || prototype === null;
}

/** Tensors, also those in arrays and options, as nodes. */
export function unwrapAll(x: unknown): unknown {
  if (x instanceof Tensor) return x.node;
  if (Array.isArray(x)) return x.map(unwrapAll);
  if (typeof x === "object" && x !== null && isPlain(x)) {
    return Object.fromEntries(Object.entries(x).map(([k, v]) => [k, unwrapAll(v)]));
  }
  return x;
}

function wrapAll(x: unknown): unknown {
  if (x instanceof GraphNode) return wrap(x);
  if (Array.isArray(x)) return x.map(wrapAll);
  if (typeof x === "object" && x !== null && isPlain(x)) {
    return Object.fromEntries(Object.entries(x).map(([k, v]) => [k, wrapAll(v)]));
  }
  return x;
}
