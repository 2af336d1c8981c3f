/**
 * How the positions and frequencies of an axis are split for transforms in two short steps. An axis of `n = a b`
 * has position `p + a r` and frequency `u b + w`, with p and u below a, r and w below b. With one b for all levels of
 * the pyramid, folding a spectrum to a coarser level adds up values of u and leaves w alone.
 */
export interface Radix {
  /** `b`, the same at every level. */
  readonly fine: number;
}

/** The split that makes the transforms of all levels cheapest. */
export function radixOf(padded: number, scales: number): Radix {
  const sizes = Array.from({ length: scales }, (_, level) => padded / 2 ** level);
  const coarsest = sizes[scales - 1] as number;
  const cost = (fine: number) => sizes.reduce((sum, n) => sum + n / fine + fine, 0);
  let best = 1;
  for (let fine = 2; fine <= coarsest; fine++)
    if (coarsest % fine === 0 && cost(fine) < cost(best)) best = fine;
  return { fine: best };
}
