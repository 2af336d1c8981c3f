import { asOp } from "../core/errors.ts";

/**
 * A function of the library, written on graph nodes. Whatever goes wrong inside, and every node made inside, carries
 * its name: the user sees the op that they called and not the ones it is made of.
 */
export function define<A extends unknown[], R>(name: string, body: (...args: A) => R): (...args: A) => R {
  return (...args) => asOp(name, () => body(...args));
}
