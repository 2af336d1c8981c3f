import type { Shape } from "../core/shape.ts";

/** Calls `visit` for every position of a shape, in row-major order, with its row-major index. */
export function eachPosition(
  shape: Shape,
  visit: (position: readonly number[], index: number) => void,
): void {
  const total = shape.reduce((a, b) => a * b, 1);
  const position = new Array<number>(shape.length).fill(0);
  for (let i = 0; i < total; i++) {
    visit(position, i);
    for (let a = shape.length - 1; a >= 0; a--) {
      position[a]!++;
      if ((position[a] as number) < (shape[a] as number)) break;
      position[a] = 0;
    }
  }
}
