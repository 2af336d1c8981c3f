import { softwareParts } from "../../kernels/late.ts";
import { isFloat } from "../core/dtype.ts";
import { dtypeError, shapeError } from "../core/errors.ts";
import type { Profile } from "../core/profile.ts";
import { dim, range, sizeOf } from "../core/shape.ts";
import { dotLayout } from "../ir/dot-layout.ts";
import type { Aval, GraphNode } from "../ir/node.ts";
import { later } from "../ir/on-host.ts";
import type { AxisMap, ConvParams, DotAxes, GraphOps, Primitive } from "../ir/primitive.ts";
import { sameAxis } from "./movement.ts";

function sameNumbers(a: Aval, b: Aval): Aval["dtype"] {
  if (a.dtype !== b.dtype || a.dtype === "bool") {
    throw dtypeError({ problem: "needs numbers of one dtype", got: { a, b } });
  }
  return a.dtype;
}

/**
 * Sum of products over the contracted axes: result axes are batch, then free axes of a, then those of b.
 */
export const dot: Primitive<DotAxes> = {
  name: "dot",
  dtype: ([a, b]) => sameNumbers(a!, b!),
  shape: ([a, b], p) => {
    const pairs = [
      ...p.batchA.map((x, i) => [x, p.batchB[i]]),
      ...p.contractA.map((x, i) => [x, p.contractB[i]]),
    ];
    for (const [x, y] of pairs) {
      if (a!.shape[x!] !== b!.shape[y!]) {
        throw shapeError({
          problem: "inner dimensions differ",
          got: { a: a!, b: b! },
          need: `a.shape[${x}] equal to b.shape[${y}]`,
        });
      }
    }
    return dotLayout(a!, b!, p).shape;
  },
  vjp: ({ ct, ins: [a, b], params: p, needed }, o) => {
    const { freeA, freeB } = dotLayout(a!, b!, p);
    const nb = p.batchA.length;
    const ctBatch = range(nb);
    const ctA = range(freeA.length, nb);
    const ctB = range(freeB.length, nb + freeA.length);
    // d a: contract ct with b over b's free axes gives [batch, freeA, contracted]; move each axis to its place in a.
    const da = (): GraphNode => {
      const g = o.dot(ct, b!, { batchA: ctBatch, batchB: p.batchB, contractA: ctB, contractB: freeB });
      // The free axes of b in that product are its contracted ones, in the order of b.
      const inOrderOfB = [...p.contractB]
        .sort((x, y) => x - y)
        .map((y) => p.contractA[p.contractB.indexOf(y)] as number);
      return placeAxes(g, [...p.batchA, ...freeA, ...inOrderOfB], o);
    };
    const db = (): GraphNode => {
      const g = o.dot(a!, ct, { batchA: p.batchA, batchB: ctBatch, contractA: freeA, contractB: ctA });
      const inOrderOfA = [...p.contractA]
        .sort((x, y) => x - y)
        .map((x) => p.contractB[p.contractA.indexOf(x)] as number);
      return placeAxes(g, [...p.batchB, ...inOrderOfA, ...freeB], o);
    };
    return [needed[0] ? da() : null, needed[1] ? db() : null];
  },
  reference: later("dot"),
  lower: { kind: "dot" },
};

/** Permutes so that axis i of `g` becomes axis `places[i]`. */
function placeAxes(g: GraphNode, places: readonly number[], o: GraphOps): GraphNode {
  const axes = places.map((_, target) => places.indexOf(target));
  return axes.every((a, i) => a === i) ? g : o.permute(g, axes);
}

/** Output size of a convolution along one axis. */
export function convSize(n: number, k: number, i: number, p: ConvParams): number {
  const padding = p.padding[i] as readonly [number, number];
  const input = n === 0 ? 0 : (n - 1) * (p.inputDilation[i] as number) + 1;
  const kernel = (k - 1) * (p.dilation[i] as number) + 1;
  return Math.floor((input + padding[0] + padding[1] - kernel) / (p.stride[i] as number)) + 1;
}

/**
 * Cross-correlation. x is [B, C, ...space], w is [O, C / groups, ...taps], the result [B, O, ...out]. With input
 * dilation it is the transposed convolution too, so that both gradients are convolutions again.
 */
export const conv: Primitive<ConvParams> = {
  name: "conv",
  dtype: ([x, w]) => {
    const dtype = sameNumbers(x!, w!);
    if (!isFloat(dtype)) throw dtypeError({ problem: "needs floats", got: { x: x!, w: w! } });
    return dtype;
  },
  shape: ([x, w], p) => {
    const spatial = p.stride.map((_, i) => convSize(dim(x!.shape, i + 2), dim(w!.shape, i + 2), i, p));
    if (spatial.some((n) => n < 0))
      throw shapeError({
        problem: "the kernel is larger than the padded input",
        got: { x: x!, w: w! },
      });
    return [dim(x!.shape, 0), dim(w!.shape, 0), ...spatial];
  },
  vjp: ({ ct, ins: [x, w], params: p, needed }, o) => [
    needed[0] ? convInputGradient(ct, x!, w!, p, o) : null,
    needed[1] ? convWeightGradient(ct, x!, w!, p, o) : null,
  ],
  reference: later("conv"),
  lower: {
    kind: "rewrite",
    into: (node, p, o, profile) => {
      const [x, w] = node.inputs as [GraphNode, GraphNode];
      return convByPhases(x, w, p, o, profile) ?? convAsDot(x, w, p, o, profile);
    },
  },
};

/** [O, C/g, ...taps] as [C, O/g, ...taps], flipped: the weights of the convolution that is the transpose. */
export function transposedWeights(w: GraphNode, groups: number, o: GraphOps): GraphNode {
  const [outputs = 0, perGroup = 0, ...taps] = w.shape;
  const flipped = range(taps.length, 2).reduce(o.flip, w);
  const grouped = o.reshape(flipped, [groups, outputs / groups, perGroup, ...taps]);
  const swapped = o.permute(grouped, [0, 2, 1, ...range(taps.length, 3)]);
  return o.reshape(swapped, [groups * perGroup, outputs / groups, ...taps]);
}

/** Correlates the output gradient, spread out by the stride, with the flipped weights. */
function convInputGradient(ct: GraphNode, x: GraphNode, w: GraphNode, p: ConvParams, o: GraphOps): GraphNode {
  const padding = w.shape.slice(2).map((k, i): [number, number] => {
    const reach = (k - 1) * (p.dilation[i] as number);
    const before = reach - (p.padding[i] as readonly [number, number])[0];
    const spread = (dim(ct.shape, i + 2) - 1) * (p.stride[i] as number) + 1;
    const input = (dim(x.shape, i + 2) - 1) * (p.inputDilation[i] as number) + 1;
    // The result must have the size of the (dilated) input.
    return [before, input - spread - before + reach];
  });
  return o.conv(ct, transposedWeights(w, p.groups, o), {
    stride: p.inputDilation,
    padding,
    inputDilation: p.stride,
    dilation: p.dilation,
    groups: p.groups,
  });
}

/** Correlates the input with the output gradient: batch becomes the summed axis, taps the output positions. */
function convWeightGradient(
  ct: GraphNode,
  x: GraphNode,
  w: GraphNode,
  p: ConvParams,
  o: GraphOps,
): GraphNode {
  const [batch = 0, channels = 0, ...space] = x.shape;
  const [outputs = 0, perGroup = 0, ...taps] = w.shape;
  const rank = space.length;
  const g = p.groups;
  const tail = range(rank, 3);
  // Input as [C/g, g*B, ...], gradient as [O, B, ...]: group i correlates its own channels with its own outputs.
  const xs = o.reshape(o.permute(o.reshape(x, [batch, g, channels / g, ...space]), [2, 1, 0, ...tail]), [
    channels / g,
    g * batch,
    ...space,
  ]);
  const cts = o.permute(ct, [1, 0, ...range(rank, 2)]);
  const padding = taps.map((k, i): [number, number] => {
    const before = (p.padding[i] as readonly [number, number])[0];
    const input = (dim(x.shape, i + 2) - 1) * (p.inputDilation[i] as number) + 1;
    const kernel = (dim(ct.shape, i + 2) - 1) * (p.stride[i] as number) + 1;
    const wanted = (k - 1) * (p.dilation[i] as number) + kernel;
    return [before, wanted - input - before];
  });
  const grad = o.conv(xs, cts, {
    stride: p.dilation,
    padding,
    inputDilation: p.inputDilation,
    dilation: p.stride,
    groups: g,
  });
  // [C/g, O, ...taps] to [O, C/g, ...taps]
  return o.reshape(o.permute(grad, [1, 0, ...range(rank, 2)]), [outputs, perGroup, ...taps]);
}

/**
 * Where the input is spread out by s, as in the gradient of a convolution with stride s, each result meets zeros with
 * all but every s-th tap, which ones depending on its position modulo s, its phase. Null where nothing is spread.
 */
function convByPhases(
  x: GraphNode,
  w: GraphNode,
  p: ConvParams,
  o: GraphOps,
  { kind }: Profile,
): GraphNode | null {
  const spread = p.inputDilation;
  if ([...p.stride, ...p.dilation].some((n) => n !== 1) || spread.every((s) => s === 1)) return null;
  const sizes = spread.map((_, i) => convSize(dim(x.shape, i + 2), dim(w.shape, i + 2), i, p));
  if (sizeOf(x.shape) === 0 || sizes.includes(0)) return null;
  const counts = sizes.map((n, i) => Math.ceil(n / dim(spread, i)));
  const whole = (kind === "software" ? phasesApart : phasesTogether)(x, w, p, counts, o);
  return sizes.reduce((y, size, i) => (dim(y.shape, i + 2) === size ? y : o.slice(y, i + 2, 0, size)), whole);
}

/** The way of drivers that run on the CPU, which is loaded with their kernels. */
let phasesApart: Phases;
softwareParts.push(async () => {
  ({ phasesApart } = await import("./phases-apart.ts"));
});

export type Phases = (
  x: GraphNode,
  w: GraphNode,
  p: ConvParams,
  counts: readonly number[],
  o: GraphOps,
) => GraphNode;

/**
 * One convolution of the input as it is, with s times as many outputs along each axis, each having an s-th of the taps;
 * where these are not as many for each, zeros are multiplied, but one kernel has all the work.
 */
const phasesTogether: Phases = (x, w, p, counts, o) => {
  const spread = p.inputDilation;
  const [batch = 0, , ...space] = x.shape;
  const [outputs = 0, perGroup = 0, ...taps] = w.shape;
  const axes = spread.map((s, i) => {
    const [before] = p.padding[i] as readonly [number, number];
    // Zeros in front of the taps, so that the phase alone tells which of each s taps meets no zero.
    const front = (((s - 1 - before) % s) + s) % s;
    const shift = (before + front - (s - 1)) / s;
    const kept = Math.ceil((dim(taps, i) + front) / s);
    const size = dim(counts, i);
    return { s, front, kept, size, padding: [shift, size - dim(space, i) - shift + kept - 1] as const };
  });
  const rank = axes.length;
  const padded = o.affineView(w, [
    sameAxis(outputs),
    sameAxis(perGroup),
    ...axes.map(({ s, front, kept }) => ({ ...sameAxis(kept * s), constant: -front })),
  ]);
  // [O, C / groups, kept, s, kept, s, ..] to [O * s * s .., C / groups, kept, kept, ..]
  let phases = o.reshape(padded, [outputs, perGroup, ...axes.flatMap(({ s, kept }) => [kept, s])]);
  for (let i = 0; i < rank; i++) phases = o.flip(phases, 3 + 2 * i);
  const order = [0, ...range(rank).map((i) => 3 + 2 * i), 1, ...range(rank).map((i) => 2 + 2 * i)];
  const weights = o.reshape(o.permute(phases, order), [
    outputs * sizeOf(spread),
    perGroup,
    ...axes.map(({ kept }) => kept),
  ]);
  const ones = taps.map(() => 1);
  const parts = o.conv(x, weights, { ...p, inputDilation: ones, padding: axes.map((a) => a.padding) });
  // [B, O, s, s, .., size, size, ..] to [B, O, size, s, size, s, ..]
  const apart = o.reshape(parts, [batch, outputs, ...spread, ...axes.map(({ size }) => size)]);
  const together = o.permute(apart, [0, 1, ...range(rank).flatMap((i) => [2 + rank + i, 2 + i])]);
  return o.reshape(together, [batch, outputs, ...axes.map(({ s, size }) => s * size)]);
};

/** A convolution is a contraction of sliding windows, which are views. */
function convAsDot(x: GraphNode, w: GraphNode, p: ConvParams, o: GraphOps, { quads }: Profile): GraphNode {
  const [batch = 0, channels = 0, ...space] = x.shape;
  const [outputs = 0, perGroup = 0, ...taps] = w.shape;
  const rank = space.length;
  const g = p.groups;
  const positions = space.map((n, i) => convSize(n, dim(taps, i), i, p));
  // [B, C, ...space, ...taps], skewed so that position o of tap t shows input o * stride + t * dilation - padding.
  const spread = o.broadcastTo(o.reshape(x, [batch, channels, ...space, ...taps.map(() => 1)]), [
    batch,
    channels,
    ...space,
    ...taps,
  ]);
  const axes: AxisMap[] = [
    sameAxis(batch),
    sameAxis(channels),
    ...space.map(
      (_, i): AxisMap => ({
        factor: dim(p.stride, i),
        divisor: dim(p.inputDilation, i),
        constant: -(p.padding[i] as readonly [number, number])[0],
        skew: dim(p.dilation, i),
        skewAxis: 2 + rank + i,
        size: dim(positions, i),
      }),
    ),
    ...taps.map((n) => sameAxis(n)),
  ];
  const windows = o.affineView(spread, axes);
  if (g === 1) {
    const tapsX = range(rank, 2 + rank);
    const tapsW = range(rank, 2);
    // Contract taps before channels: the bounds checks then depend on outer loops only. But where taps are many, as for
    // the gradient of weights, they are neighbours in memory, and channels lie so far apart that caches lose them.
    // (Loops of llvmpipe end after 65535 rounds in all: there the longest has to be the one that is unrolled.)
    const last = quads && dim(taps, rank - 1) > 7;
    const result = o.dot(w, windows, {
      batchA: [],
      batchB: [],
      contractA: last ? [1, ...tapsW] : [...tapsW, 1],
      contractB: last ? [1, ...tapsX] : [...tapsX, 1],
    });
    // [O, B, ...positions]
    return o.permute(result, [1, 0, ...range(rank, 2)]);
  }
  const groupedX = o.reshape(windows, [batch, g, channels / g, ...positions, ...taps]);
  const groupedW = o.reshape(w, [g, outputs / g, perGroup, ...taps]);
  const result = o.dot(groupedW, groupedX, {
    batchA: [0],
    batchB: [1],
    contractA: [...range(rank, 3), 2],
    contractB: [...range(rank, 3 + rank), 2],
  });
  // [g, O/g, B, ...positions]
  const ordered = o.permute(result, [2, 0, 1, ...range(rank, 3)]);
  return o.reshape(ordered, [batch, outputs, ...positions]);
}
