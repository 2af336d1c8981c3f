function isPlain(x: object): x is Record<string, unknown> {
  const prototype = Object.getPrototypeOf(x);
  return prototype === Object.prototype || prototype === null;
}

/** The same arrays and plain objects (arguments, options, results) with `f` applied to what they hold. */
export function mapPlain(x: unknown, f: (x: unknown) => unknown): unknown {
  if (Array.isArray(x)) return x.map((y) => mapPlain(y, f));
  if (typeof x === "object" && x !== null && isPlain(x)) {
    return Object.fromEntries(Object.entries(x).map(([k, v]) => [k, mapPlain(v, f)]));
  }
  return f(x);
}
