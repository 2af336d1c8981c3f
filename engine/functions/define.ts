import { asOp } from "../core/errors.ts";

/**
 * A function of the library, written on graph nodes. Whatever goes wrong inside, and every node made inside, carries
 * its name: the user sees the op that they called and not the ones it is made of.
 */
export function define<A extends unknown[], R>(name: string, body: (...args: A) => R): (...args: A) => R {
  return (...args) => asOp(name, () => body(...args));
}

declare const mark: unique symbol;

/** A function that is a method of its first operand, too. The mark is there for types alone. */
export type MethodFunction<A extends unknown[], R> = ((...args: A) => R) & { readonly [mark]: true };

/** What `method` has defined so far, by name. */
export const methods = new Map<string, (...args: never[]) => unknown>();

/** A function of the library that is a method of its first operand, too. It must be exported under that name. */
export function method<A extends unknown[], R>(name: string, body: (...args: A) => R): MethodFunction<A, R> {
  const f = define(name, body);
  methods.set(name, f);
  return f as MethodFunction<A, R>;
}
