/** A seeded shuffle of 0 to count - 1, the same on every host; for choices that are made before there is a device. */
export function shuffled(count: number, seed: number): number[] {
  const next = generator(seed);
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}

/** Numbers from 0 to before 1: splitmix, 32 bits wide. */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
}

/**
 * Chooses a share of some items, of each label alike, so that small classes are on both sides.
 *
 * @returns Places of the chosen items and of the others, ascending.
 */
export function chooseShare(
  labels: ArrayLike<number>,
  share: number,
  seed: number,
): { chosen: number[]; others: number[] } {
  const groups = new Map<number, number[]>();
  for (const i of shuffled(labels.length, seed)) {
    const label = labels[i] as number;
    const group = groups.get(label);
    if (group) group.push(i);
    else groups.set(label, [i]);
  }
  const sides = { chosen: [] as number[], others: [] as number[] };
  // What rounding leaves over is carried on to the next class, so that the total is right.
  let owed = 0;
  for (const label of [...groups.keys()].sort((a, b) => a - b)) {
    const group = groups.get(label) as number[];
    owed += share * group.length;
    const taken = Math.min(group.length, Math.round(owed));
    owed -= taken;
    sides.chosen.push(...group.slice(0, taken));
    sides.others.push(...group.slice(taken));
  }
  sides.chosen.sort((a, b) => a - b);
  sides.others.sort((a, b) => a - b);
  return sides;
}
