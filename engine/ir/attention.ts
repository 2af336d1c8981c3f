/**
 * What is computed of attention: its output, the logarithms of the sums of exponentials of each row, or the gradient of
 * queries, keys, values, or of something that is added to the scores.
 */
export type AttentionRole = "output" | "lse" | "queries" | "keys" | "values" | "addend";

export interface AttentionParams {
  readonly role: AttentionRole;
  readonly scale: number;
  /** How many operands are added to the scores. */
  readonly addends: number;
  /** Which of them the gradient belongs to. */
  readonly target: number;
  /** Whether there is an operand that hides keys. */
  readonly visible: boolean;
  /** What dropout multiplies the weights that it keeps by; 0 where there is none. */
  readonly kept: number;
}

/**
 * Operands by name. Forwards q [.., N, D], k [.., M, D], v [.., M, E], then what is added to the scores, then booleans:
 * which keys a query may see, and which weights dropout has kept; each is [.., N, M] with axes that may be 1. Gradients
 * have two more: g, that of the output, and of each row lse and the sum of g * output, [.., N, 2].
 */
export function attentionOperands<T>(ins: readonly T[], p: AttentionParams) {
  const [q, k, v, ...rest] = ins as [T, T, T, ...T[]];
  return {
    q,
    k,
    v,
    addends: rest.splice(0, p.addends),
    visible: p.visible ? rest.shift() : undefined,
    kept: p.kept ? rest.shift() : undefined,
    g: rest[0] as T,
    rows: rest[1] as T,
  };
}
