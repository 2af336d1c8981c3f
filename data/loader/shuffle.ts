/**
 * An order of 0 to count - 1, drawn by a key of whole numbers: the same on every host, without a device.
 *
 * @param key All of it counts: `[seed, epoch]` gives every epoch an order of its own.
 */
export function shuffled(count: number, ...key: readonly number[]): Int32Array {
  const next = generator(key);
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    const held = order[i] as number;
    order[i] = order[j] as number;
    order[j] = held;
  }
  return order;
}

/** Numbers from 0 to before 1, 32 bits fine (sfc32). */
function generator(key: readonly number[]): () => number {
  let [a, b, c, counter] = [0, 0, 0, 1];
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (const word of key) {
    a ^= word;
    b ^= Math.floor(word / 2 ** 32); // seeds may have 53 bits
    for (let i = 0; i < 12; i++) next(); // until every bit has reached every word
  }
  return next;
}
