/** From little to much, dark to light, so that it reads without colours, too. */
const STOPS = [
  [13, 10, 38],
  [66, 21, 104],
  [150, 38, 103],
  [221, 81, 58],
  [251, 165, 48],
  [252, 253, 191],
] as const;

/** A colour for each number, RGB: the least dark, the largest light. */
export function heatColours(
  values: ArrayLike<number>,
  [low, high]: readonly [number, number] = rangeOf(values),
): Uint8Array {
  const colours = new Uint8Array(values.length * 3);
  for (let i = 0; i < values.length; i++) {
    const share = high > low ? ((values[i] as number) - low) / (high - low) : 0;
    colours.set(heatColour(share), 3 * i);
  }
  return colours;
}

/** The colour of a share from 0 to 1. */
export function heatColour(share: number): [red: number, green: number, blue: number] {
  const at = Math.max(0, Math.min(1, share)) * (STOPS.length - 1);
  const from = Math.min(STOPS.length - 2, Math.floor(at));
  const [a, b] = [STOPS[from], STOPS[from + 1]] as [(typeof STOPS)[number], (typeof STOPS)[number]];
  const between = (c: 0 | 1 | 2) => Math.round(a[c] + (b[c] - a[c]) * (at - from));
  return [between(0), between(1), between(2)];
}

/** The least and the largest number. */
export function rangeOf(values: ArrayLike<number>): [low: number, high: number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i] as number);
    high = Math.max(high, values[i] as number);
  }
  return [low, high];
}
