const rotateLeft = (x: number, n: number): number => ((x << n) | (x >>> (32 - n))) >>> 0;

/** Threefry-2x32 with 20 rounds (Salmon et al. 2011). */
export function threefry2x32(k0: number, k1: number, c0: number, c1: number): [number, number] {
  const keys = [k0 >>> 0, k1 >>> 0, (0x1bd11bda ^ k0 ^ k1) >>> 0];
  const rotations = [13, 15, 26, 6, 17, 29, 16, 24];
  let x = (c0 + k0) >>> 0;
  let y = (c1 + k1) >>> 0;
  for (let round = 0; round < 20; round++) {
    x = (x + y) >>> 0;
    y = (rotateLeft(y, rotations[round % 8] as number) ^ x) >>> 0;
    if (round % 4 === 3) {
      const s = (round + 1) / 4;
      x = (x + (keys[s % 3] as number)) >>> 0;
      y = (y + (keys[(s + 1) % 3] as number) + s) >>> 0;
    }
  }
  return [x, y];
}
