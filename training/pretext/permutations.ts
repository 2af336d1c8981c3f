/** Row by row the tile that is shown at each place; the row's number is its class. */
export type Permutations = readonly (readonly number[])[];

/**
 * The 35 permutations of ScatSimCLR. Each is as far as can be, on average, from those before it; which of several
 * equally far ones was taken follows no rule.
 *
 * Source: training/pretext/permutations.ts. Code: vkinakh/scatsimclr, data/permutations_35.npy.
 */
export const scatSimClrPermutations: Permutations = `
  246058713 012345678 103264587 320176845 431587026 567801234 658713402 784620351 875432160
  012473658 103528467 234705186 325167804 450836721 576084312 648210573 781642035 867351240
  012635874 103824567 230157648 321048756 456271083 547386120 678403215 865710432 784562301
  012657438 103762584 230146857 321408675 457081263 564813702 678325041 786534120`
  .trim()
  .split(/\s+/)
  .map((row) => Array.from(row, Number));

/**
 * Permutations that are far from each other: the identity, and then always the one with the largest sum of Hamming
 * distances to those before it; of equal ones the first in lexicographic order.
 *
 * @param count At most as many as there are permutations.
 * @param tiles At most 9.
 * @throws {RangeError} If there are not so many.
 *
 * Cost: all `tiles!` permutations are looked at for each; half a second for 35 of 9 tiles.
 *
 * Source: training/pretext/permutations.ts. Paper: Noroozi and Favaro 2016, algorithm 1 (which adds up alike).
 */
export function greedyPermutations(count: number, tiles = 9): Permutations {
  const all = lexicographic(tiles);
  const total = all.length / tiles;
  if (!(Number.isInteger(count) && count >= 1 && count <= total)) {
    throw new RangeError(
      `greedyPermutations: ${count} of ${total} permutations of ${tiles} tiles; need no more than there are`,
    );
  }
  const distances = new Int32Array(total);
  const taken = new Set<number>();
  const rows: number[][] = [];
  for (let next = 0; rows.length < count; ) {
    taken.add(next);
    const row = Array.from(all.subarray(next * tiles, (next + 1) * tiles));
    rows.push(row);
    let best = -1;
    for (let i = 0; i < total; i++) {
      let distance = distances[i] as number;
      for (let k = 0; k < tiles; k++) if (all[i * tiles + k] !== row[k]) distance++;
      distances[i] = distance;
      if (!taken.has(i) && (best < 0 || distance > (distances[best] as number))) best = i;
    }
    next = best;
  }
  return rows;
}

/** All permutations, one after the other. */
function lexicographic(tiles: number): Uint8Array {
  if (!(Number.isInteger(tiles) && tiles >= 1 && tiles <= 9)) {
    throw new RangeError(`greedyPermutations: ${tiles} tiles; need 1 to 9`);
  }
  let total = 1;
  for (let n = 2; n <= tiles; n++) total *= n;
  const all = new Uint8Array(total * tiles);
  const row = Array.from({ length: tiles }, (_, i) => i);
  for (let i = 0; i < total; i++) {
    all.set(row, i * tiles);
    advance(row);
  }
  return all;
}

/** The permutation that follows in lexicographic order; the last one stays. */
function advance(row: number[]): void {
  let falls = row.length - 1;
  while (falls > 0 && (row[falls - 1] as number) >= (row[falls] as number)) falls--;
  if (falls === 0) return;
  let larger = row.length - 1;
  while ((row[larger] as number) <= (row[falls - 1] as number)) larger--;
  [row[falls - 1], row[larger]] = [row[larger] as number, row[falls - 1] as number];
  row.push(...row.splice(falls).reverse());
}
