import { shapeError } from "../core/errors.ts";
import { dim } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import { ops } from "../ops/build.ts";
import { define } from "./define.ts";
import { type PerAxis, perAxis, withBatch } from "./spatial.ts";
import { checkPositions, overlapAdd, slidingWindows, type WindowOptions, windowCount } from "./windows.ts";

const o = ops;

export interface UnfoldOptions {
  kernelSize: PerAxis;
  stride?: PerAxis;
  padding?: PerAxis;
  dilation?: PerAxis;
}

function unfoldWindows(space: readonly number[], options: UnfoldOptions): WindowOptions {
  const kernel = perAxis("kernelSize", options.kernelSize, 2, 1);
  const stride = perAxis("stride", options.stride ?? 1, 2, 1);
  const padding = perAxis("padding", options.padding ?? 0, 2, 0);
  const dilation = perAxis("dilation", options.dilation ?? 1, 2, 1);
  const positions = space.map((n, i) =>
    windowCount(n, dim(kernel, i), dim(stride, i), dim(dilation, i), dim(padding, i)),
  );
  return { kernel, stride, padding, dilation, positions };
}

export const unfold = define("unfold", (input: GraphNode, options: UnfoldOptions): GraphNode => {
  const { x, restore } = withBatch(input, 2);
  const [batch = 0, channels = 0, ...space] = x.shape;
  const w = unfoldWindows(space, options);
  checkPositions(x, w);
  const taps = dim(w.kernel, 0) * dim(w.kernel, 1);
  const columns = o.permute(slidingWindows(x, w), [0, 1, 4, 5, 2, 3]);
  return restore(o.reshape(columns, [batch, channels * taps, dim(w.positions, 0) * dim(w.positions, 1)]));
});

export const fold = define(
  "fold",
  (input: GraphNode, options: UnfoldOptions & { outputSize: PerAxis }): GraphNode => {
    const single = input.shape.length === 2;
    const x = single ? o.reshape(input, [1, ...input.shape]) : input;
    const [batch = 0, rows = 0, columns = 0] = x.shape;
    const space = perAxis("outputSize", options.outputSize, 2, 1);
    const w = unfoldWindows(space, options);
    const taps = dim(w.kernel, 0) * dim(w.kernel, 1);
    const count = dim(w.positions, 0) * dim(w.positions, 1);
    if (x.shape.length !== 3 || rows % taps !== 0 || columns !== count || w.positions.some((n) => n < 1)) {
      throw shapeError({
        problem: "columns do not fit the output",
        got: { x: input, outputSize: space, kernelSize: w.kernel },
        need: `x of shape [B, C * ${taps}, ${Math.max(0, count)}]`,
      });
    }
    const windows = o.permute(
      o.reshape(x, [batch, rows / taps, ...w.kernel, ...w.positions]),
      [0, 1, 4, 5, 2, 3],
    );
    const y = overlapAdd(windows, w, space);
    return single ? o.reshape(y, y.shape.slice(1)) : y;
  },
);
