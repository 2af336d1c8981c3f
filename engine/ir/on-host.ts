import type { Primitive } from "./primitive.ts";

type Reference = Primitive["reference"];

/** Where references are found that are too long to be loaded before something is checked: see engine/ops/on-host. */
export const onHost: {
  load: () => Promise<void>;
  references: Readonly<Record<string, Reference>>;
} = { load: () => Promise.resolve(), references: {} };

/** The reference of that name, once it is there. */
export function later(name: string): Reference {
  const reference: Reference = (ins, params, out) => (onHost.references[name] as Reference)(ins, params, out);
  late.add(reference);
  return reference;
}

const late = new WeakSet<Reference>();

/** Whether the compiler may not count on it. */
export const isLate = (reference: Reference): boolean => late.has(reference);
