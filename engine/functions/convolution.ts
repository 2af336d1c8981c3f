import { axisError, shapeError } from "../core/errors.ts";
import { dim, shapesEqual } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import { ops } from "../ops/build.ts";
import { transposedWeights } from "../ops/contract.ts";
import { define } from "./define.ts";
import { sameDType } from "./linear.ts";
import { type PerAxis, perAxis, withBatch } from "./spatial.ts";

const o = ops;

export interface ConvOptions {
  bias?: GraphNode;
  stride?: PerAxis;
  padding?: PerAxis | "same" | "valid";
  dilation?: PerAxis;
  groups?: number;
}

export interface ConvTransposeOptions {
  bias?: GraphNode;
  stride?: PerAxis;
  padding?: PerAxis;
  outputPadding?: PerAxis;
  dilation?: PerAxis;
  groups?: number;
}

function checkGroups(x: GraphNode, w: GraphNode, groups: number, transposed: boolean): void {
  const channels = dim(x.shape, 1);
  const split = dim(w.shape, 0);
  const fits = transposed ? channels === split : channels === dim(w.shape, 1) * groups;
  if (Number.isInteger(groups) && groups >= 1 && fits && split % groups === 0) return;
  const need = transposed
    ? "x.shape[1] equal to w.shape[0] and divisible by groups"
    : "x.shape[1] equal to w.shape[1] * groups, and w.shape[0] divisible by groups";
  throw shapeError({ problem: "channels differ", got: { x, w, groups }, need });
}

function addBias(y: GraphNode, bias: GraphNode | undefined): GraphNode {
  if (!bias) return y;
  if (!shapesEqual(bias.shape, [dim(y.shape, 1)])) {
    throw shapeError({
      problem: "one bias for each output channel",
      got: { bias },
      need: `bias of shape [${y.shape[1]}]`,
    });
  }
  return o.add(
    y,
    o.reshape(
      bias,
      y.shape.map((n, i) => (i === 1 ? n : 1)),
    ),
  );
}

function checkRank(w: GraphNode, rank: number): void {
  if (w.shape.length === rank + 2) return;
  throw shapeError({ problem: `w does not have ${rank} kernel axes`, got: { w } });
}

/** Zeros before and after each axis. "same" puts the odd one behind, as PyTorch does. */
function convPadding(
  padding: ConvOptions["padding"],
  taps: readonly number[],
  stride: readonly number[],
  dilation: readonly number[],
): [number, number][] {
  if (padding === "same") {
    if (stride.some((s) => s !== 1))
      throw axisError({
        problem: 'padding "same" with a stride has no one meaning',
        got: { stride },
        need: "stride 1, or padding in numbers",
      });
    return taps.map((k, i) => {
      const total = dim(dilation, i) * (k - 1);
      return [Math.floor(total / 2), Math.ceil(total / 2)];
    });
  }
  const zeros = padding === undefined || padding === "valid" ? 0 : padding;
  return perAxis("padding", zeros, taps.length, 0).map((p) => [p, p]);
}

function checkFits(
  x: GraphNode,
  w: GraphNode,
  padding: readonly (readonly [number, number])[],
  dilation: readonly number[],
): void {
  const least = padding.map(([a, b], i) => dim(dilation, i) * (dim(w.shape, i + 2) - 1) + 1 - a - b);
  if (least.every((n, i) => dim(x.shape, i + 2) >= n)) return;
  throw shapeError({
    problem: "the kernel is larger than the padded input",
    got: { x, w },
    need: `spatial axes of at least [${least}]`,
  });
}

/** What both kinds of convolution begin with; `finish` makes the result of theirs. */
function prepared(
  rank: number,
  input: GraphNode,
  weight: GraphNode,
  options: ConvOptions | ConvTransposeOptions,
  transposed: boolean,
) {
  checkRank(weight, rank);
  const { x: batched, restore } = withBatch(input, rank);
  const groups = options.groups ?? 1;
  checkGroups(batched, weight, groups, transposed);
  const [x, w] = sameDType(batched, weight);
  const stride = perAxis("stride", options.stride ?? 1, rank, 1);
  const dilation = perAxis("dilation", options.dilation ?? 1, rank, 1);
  const finish = (y: GraphNode) => restore(addBias(y, options.bias));
  return { x, w, taps: w.shape.slice(2), groups, stride, dilation, finish };
}

function convolution(rank: number, input: GraphNode, weight: GraphNode, options: ConvOptions) {
  const { x, w, taps, groups, stride, dilation, finish } = prepared(rank, input, weight, options, false);
  const padding = convPadding(options.padding, taps, stride, dilation);
  checkFits(x, w, padding, dilation);
  const inputDilation = taps.map(() => 1);
  return finish(o.conv(x, w, { stride, padding, inputDilation, dilation, groups }));
}

function transposedConvolution(
  rank: number,
  input: GraphNode,
  weight: GraphNode,
  options: ConvTransposeOptions,
): GraphNode {
  const { x, w, taps, groups, stride, dilation, finish } = prepared(rank, input, weight, options, true);
  const padding = perAxis("padding", options.padding ?? 0, rank, 0);
  const extra = perAxis("outputPadding", options.outputPadding ?? 0, rank, 0);
  if (extra.some((n, i) => n >= Math.max(dim(stride, i), dim(dilation, i)))) {
    throw axisError({
      problem: "outputPadding is too large",
      got: { outputPadding: extra, stride, dilation },
      need: "less than stride or dilation",
    });
  }
  const y = o.conv(x, transposedWeights(w, groups, o), {
    stride: taps.map(() => 1),
    padding: taps.map((k, i) => {
      const reach = dim(dilation, i) * (k - 1) - dim(padding, i);
      return [reach, reach + dim(extra, i)];
    }),
    inputDilation: stride,
    dilation,
    groups,
  });
  return finish(y);
}

type Conv = (x: GraphNode, w: GraphNode, options?: ConvOptions) => GraphNode;
type ConvTranspose = (x: GraphNode, w: GraphNode, options?: ConvTransposeOptions) => GraphNode;

const conv = (rank: number): Conv =>
  define(`conv${rank}d`, (x: GraphNode, w: GraphNode, options: ConvOptions = {}) =>
    convolution(rank, x, w, options),
  );

const convTranspose = (rank: number): ConvTranspose =>
  define(`convTranspose${rank}d`, (x: GraphNode, w: GraphNode, options: ConvTransposeOptions = {}) =>
    transposedConvolution(rank, x, w, options),
  );

export const conv1d = conv(1);
export const conv2d = conv(2);
export const conv3d = conv(3);
export const convTranspose1d = convTranspose(1);
export const convTranspose2d = convTranspose(2);
export const convTranspose3d = convTranspose(3);
