import { expect, test } from "vitest";
import { checkpoint, compile, layerNorm, type Tensor, tanh, valueAndGrad, zeros } from "../../mod.ts";
import { mostAtOnce } from "../support/live-bytes.ts";

test("what is computed again is not kept", () => {
  const [depth, rows, width] = [6, 256, 16];
  const block = (x: Tensor, [first, second]: readonly Tensor[]) => {
    const inner = tanh(layerNorm(x, [width]).matmul(first as Tensor));
    return x.add(inner.matmul(second as Tensor));
  };
  const weights = Array.from({ length: depth }, () => [zeros([width, 8 * width]), zeros([8 * width, width])]);
  const peak = (again: boolean) => {
    const step = compile((w: typeof weights, x: Tensor) =>
      valueAndGrad((v: typeof weights) =>
        v
          .reduce(
            (y, pair) =>
              (again ? checkpoint((z: Tensor) => block(z, pair)) : (z: Tensor) => block(z, pair))(y),
            x,
          )
          .square()
          .mean(),
      )(w),
    );
    return mostAtOnce(step.plan(weights, zeros([rows, width])));
  };
  const inner = rows * 8 * width * 4;
  expect(peak(false)).toBeGreaterThan(depth * inner);
  expect(peak(true)).toBeLessThan(4 * inner);
});
