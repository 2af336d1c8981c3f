import { shuffled } from "../loader/shuffle.ts";

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
