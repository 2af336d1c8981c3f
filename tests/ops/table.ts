// One entry for each primitive: operands to try, and what it must refuse. Everything else is derived in derive.ts.
import type { DType } from "../../engine/core/dtype.ts";
import type { AxisMap } from "../../engine/ir/primitive.ts";

export interface Operand {
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Values are drawn from here; integers are rounded. */
  readonly domain: readonly [number, number];
  /** Values that are put in first, for ties, infinities and their like. */
  readonly first: readonly number[];
}

export interface Sample {
  readonly ins: readonly Operand[];
  readonly params: unknown;
  /** Whether derivatives can be compared with differences here: no kinks or ties nearby. */
  readonly smooth: boolean;
}

export const textOf = ({ ins, params }: Sample): string =>
  `${ins.map((x) => `${x.dtype}[${x.shape}]`).join(", ")} ${JSON.stringify(params)}`;

export interface Refusal {
  readonly ins: readonly Operand[];
  readonly params: unknown;
  readonly error: "ShapeError" | "DTypeError";
}

export interface Entry {
  readonly samples: readonly Sample[];
  readonly refusals: readonly Refusal[];
}

type Domain = readonly [number, number];

const operand = (
  dtype: DType,
  shape: readonly number[],
  domain: Domain = [-2, 2],
  first: readonly number[] = [],
): Operand => ({ dtype, shape, domain, first });
const f32 = (shape: readonly number[], domain?: Domain, first?: readonly number[]) =>
  operand("f32", shape, domain, first);
const i32 = (shape: readonly number[], domain: Domain = [-20, 20], first?: readonly number[]) =>
  operand("i32", shape, domain, first);
const u32 = (shape: readonly number[], domain: Domain = [0, 40], first?: readonly number[]) =>
  operand("u32", shape, domain, first);
const bool = (shape: readonly number[]) => operand("bool", shape, [0, 1]);

const sample = (ins: readonly Operand[], params: unknown = null, smooth = true): Sample => ({
  ins,
  params,
  smooth,
});
const refuse = (error: Refusal["error"], ins: readonly Operand[], params: unknown = null): Refusal => ({
  ins,
  params,
  error,
});

const NAN = Number.NaN;
const SPECIAL = [0, -0, 1, -1, Infinity, -Infinity, NAN, 0.5, -0.5, 1e-30, -1e30];
const shapes: readonly (readonly number[])[] = [[], [1], [0], [3, 5], [2, 0, 3], [1, 17]];

/** A function of one float: smooth inside the domain, right for special values everywhere. */
const smoothUnary = (domain: Domain): Entry => ({
  samples: [
    ...shapes.map((s) => sample([f32(s, domain)])),
    sample([f32([SPECIAL.length], domain, SPECIAL)], null, false),
    sample([f32([300], domain)]),
  ],
  refusals: [refuse("DTypeError", [i32([2])]), refuse("DTypeError", [bool([2])])],
});

const rounding = (): Entry => ({
  samples: [
    sample([f32([4, 5], [-9, 9])]),
    sample([f32([14], [-9, 9], [...SPECIAL, 1.5, 2.5, -1.5])], null, false),
    sample([i32([7])], null, false),
    sample([u32([7])], null, false),
    sample([f32([0])]),
  ],
  refusals: [refuse("DTypeError", [bool([2])])],
});

/** An operation of two numbers. Operands have one shape here: broadcasting is a view, tested with the functions. */
const arithmetic = (domain: Domain, second: Domain = domain, integers = true): Entry => ({
  samples: [
    ...shapes.map((s) => sample([f32(s, domain), f32(s, second)])),
    sample([f32([11], domain, SPECIAL), f32([11], second, [...SPECIAL].reverse())], null, false),
    sample([f32([11], domain, SPECIAL), f32([11], second, SPECIAL)], null, false),
    ...(integers
      ? [
          sample([i32([9]), i32([9], [1, 9])], null, false),
          sample([u32([9], [20, 40]), u32([9], [1, 9])], null, false),
          sample(
            [i32([3], [0, 1], [2147483647, -2147483648, 46341]), i32([3], [1, 2], [2, 2, 46341])],
            null,
            false,
          ),
        ]
      : []),
  ],
  refusals: integers
    ? [refuse("DTypeError", [bool([2]), bool([2])])]
    : [refuse("DTypeError", [i32([2]), i32([2])])],
});

const choice = (): Entry => {
  const base = arithmetic([-2, 2]);
  return {
    samples: [
      ...base.samples,
      sample([bool([6]), bool([6])], null, false),
      sample([f32([4], [1, 2], [1, 2, 3, 3]), f32([4], [1, 2], [1, 2, 2, 3])], null, false),
    ],
    refusals: [],
  };
};

const comparison = (ordered: boolean): Entry => ({
  samples: [
    sample([f32([11], [-1, 1], SPECIAL), f32([11], [-1, 1], SPECIAL)], null, false),
    sample([f32([11], [-1, 1], SPECIAL), f32([11], [-1, 1], [...SPECIAL].reverse())], null, false),
    sample([i32([8], [0, 3]), i32([8], [0, 3])], null, false),
    sample([u32([8], [0, 3]), u32([8], [0, 3])], null, false),
    ...(ordered ? [] : [sample([bool([8]), bool([8])], null, false)]),
    sample([f32([0]), f32([0])], null, false),
  ],
  refusals: ordered ? [refuse("DTypeError", [bool([2]), bool([2])])] : [],
});

const logical = (): Entry => ({
  samples: [sample([bool([3, 5]), bool([3, 5])], null, false), sample([bool([]), bool([])], null, false)],
  refusals: [refuse("DTypeError", [i32([2]), i32([2])])],
});

const bits = (second: Domain = [-2147483648, 2147483647]): Entry => ({
  samples: [
    sample([i32([16], [-2147483648, 2147483647]), i32([16], second)], null, false),
    sample([u32([16], [0, 4294967295]), u32([16], [0, Math.max(second[1], 31)])], null, false),
  ],
  refusals: [refuse("DTypeError", [f32([2]), f32([2])])],
});

const reduction = (float: readonly Operand[], kinks: boolean, integers: boolean): Entry => ({
  samples: [
    ...float.map((x) => sample([x], { axes: x.shape.map((_, i) => i) }, !kinks || true)),
    sample([f32([3, 4, 5])], { axes: [1] }),
    sample([f32([3, 4, 5])], { axes: [0, 2] }),
    sample([f32([2, 3, 2, 3])], { axes: [1, 2] }),
    sample([f32([7, 200])], { axes: [1] }, false),
    sample([f32([300, 3])], { axes: [0] }, false),
    sample([f32([2, 11], [-2, 2], SPECIAL)], { axes: [1] }, false),
    sample([f32([3, 4], [1, 3], [2, 2, 3, 3, 1, 1, 1, 1, 3, 2, 3, 2])], { axes: [1] }, false),
    ...(integers
      ? [sample([i32([4, 6])], { axes: [1] }, false), sample([u32([4, 6])], { axes: [0] }, false)]
      : []),
  ],
  refusals: [],
});

const summing = (): Entry => {
  const base = reduction([f32([6]), f32([1]), f32([2, 3])], false, true);
  const long = [
    sample([f32([20000])], { axes: [0] }, false),
    sample([f32([0, 3])], { axes: [0] }),
    sample([f32([3, 0])], { axes: [0] }),
  ];
  return {
    samples: [...base.samples, ...long],
    refusals: [refuse("DTypeError", [bool([2])], { axes: [0] })],
  };
};

const choosing = (): Entry => {
  const base = reduction([f32([6]), f32([1]), f32([2, 3])], true, true);
  return {
    samples: [...base.samples, sample([bool([3, 4])], { axes: [1] }, false)],
    refusals: [refuse("ShapeError", [f32([2, 0])], { axes: [1] })],
  };
};

const same = (size: number): AxisMap => ({ factor: 1, divisor: 1, constant: 0, skew: 0, skewAxis: 0, size });
const axis = (parts: Partial<AxisMap> & { size: number }): AxisMap => ({ ...same(parts.size), ...parts });

const dotAxes = (contractA: number[], contractB: number[], batchA: number[] = [], batchB: number[] = []) => ({
  batchA,
  batchB,
  contractA,
  contractB,
});

const convParams = (
  parts: Partial<{
    stride: number[];
    padding: [number, number][];
    inputDilation: number[];
    dilation: number[];
    groups: number;
  }>,
  rank = 2,
) => ({
  stride: Array<number>(rank).fill(1),
  padding: Array.from({ length: rank }, () => [0, 0] as [number, number]),
  inputDilation: Array<number>(rank).fill(1),
  dilation: Array<number>(rank).fill(1),
  groups: 1,
  ...parts,
});

const gathering = (
  shape: readonly number[],
  indices: readonly number[],
  at: number,
  domain: Domain,
): Sample => sample([f32(shape), i32(indices, domain)], { axis: at });

/** Queries, keys, values and what goes with them; the gradients have two operands more. */
const attend = (
  role: string,
  lead: readonly number[],
  [n, m, d, e]: readonly [number, number, number, number],
  extra: { addends?: readonly (readonly number[])[]; visible?: readonly number[]; kept?: number } = {},
  { domain, smooth = true }: { domain?: Domain; smooth?: boolean } = {},
): Sample => {
  const forward = role === "output" || role === "lse";
  const { addends = role === "addend" ? [[...lead, n, m]] : [], visible, kept = 0 } = extra;
  const ins = [
    f32([...lead, n, d], domain),
    f32([...lead, m, d], domain),
    f32([...lead, m, e]),
    ...addends.map((x) => f32(x)),
    ...(visible ? [bool(visible)] : []),
    ...(kept > 0 ? [bool([...lead, n, m])] : []),
    ...(forward ? [] : [f32([...lead, n, e]), f32([...lead, n, 2], [1, 3])]),
  ];
  const target = role === "addend" ? 3 : 0;
  const params = { role, scale: 0.5, addends: addends.length, target, visible: visible !== undefined, kept };
  return sample(ins, params, smooth);
};

const attending = (): Entry => ({
  samples: ["output", "addend", "lse", "keys", "values", "queries"].flatMap((role) => [
    attend(role, [], [3, 5, 4, 2]),
    attend(role, [2], [1, 3, 2, 3], { visible: [1, 1, 3], kept: 1.5 }),
    attend(
      role,
      [2, 2],
      [3, 2, 2, 1],
      {
        addends: [
          [1, 2, 3, 2],
          [2, 1, 1, 2],
        ],
        visible: [2, 1, 3, 2],
      },
      // The logarithm for a row that sees nothing is so large that differences vanish beside it.
      { smooth: role !== "lse" },
    ),
    attend(role, [4, 1], [2, 3, 2, 2], { addends: [[1, 1, 2, 3]], kept: 2 }),
    attend(role, [], [1, 1, 1, 1]),
    attend(role, [2], [17, 3, 5, 6], {}, { smooth: false }),
    attend(role, [1], [37, 35, 20, 34], { visible: [1, 37, 35] }, { smooth: false }),
    attend(role, [], [4, 9, 2, 2], {}, { domain: role === "output" ? [-100, 100] : [-2, 2], smooth: false }),
  ]),
  // Functions check the operands, and no one else makes this one.
  refusals: [],
});

export const table: Readonly<Record<string, Entry>> = {
  exp: smoothUnary([-3, 3]),
  exp2: smoothUnary([-4, 4]),
  expm1: smoothUnary([-2, 2]),
  log: smoothUnary([0.2, 9]),
  log1p: smoothUnary([-0.7, 5]),
  sqrt: smoothUnary([0.2, 9]),
  rsqrt: smoothUnary([0.2, 9]),
  cbrt: smoothUnary([0.2, 9]),
  sin: smoothUnary([-7, 7]),
  cos: smoothUnary([-7, 7]),
  tan: smoothUnary([-1.2, 1.2]),
  asin: smoothUnary([-0.9, 0.9]),
  acos: smoothUnary([-0.9, 0.9]),
  atan: smoothUnary([-5, 5]),
  sinh: smoothUnary([-3, 3]),
  cosh: smoothUnary([-3, 3]),
  tanh: smoothUnary([-3, 3]),
  asinh: smoothUnary([-5, 5]),
  acosh: smoothUnary([1.2, 9]),
  atanh: smoothUnary([-0.9, 0.9]),
  erf: smoothUnary([-3, 3]),
  erfc: smoothUnary([-3, 3]),
  floor: rounding(),
  ceil: rounding(),
  trunc: rounding(),
  round: rounding(),
  neg: rounding(),
  abs: rounding(),
  sign: rounding(),
  not: {
    samples: [
      sample([bool([5])], null, false),
      sample([i32([5], [-1, 1])], null, false),
      sample([f32([11], [0, 1], SPECIAL)], null, false),
    ],
    refusals: [],
  },
  bitNot: {
    samples: [
      sample([i32([5])], null, false),
      sample([u32([5])], null, false),
      sample([bool([5])], null, false),
    ],
    refusals: [refuse("DTypeError", [f32([2])])],
  },
  isNaN: {
    samples: [sample([f32([11], [0, 1], SPECIAL)], null, false), sample([i32([3])], null, false)],
    refusals: [],
  },
  isInf: {
    samples: [sample([f32([11], [0, 1], SPECIAL)], null, false), sample([u32([3])], null, false)],
    refusals: [],
  },
  cast: {
    samples: [
      ...(["f32", "i32", "u32", "bool"] as const).flatMap((dtype) => [
        sample([f32([13], [-50, 50], [...SPECIAL, 3e9, -3e9])], { dtype }, false),
        sample([i32([9])], { dtype }, false),
        sample([u32([5], [0, 4e9])], { dtype }, false),
        sample([bool([4])], { dtype }, false),
      ]),
      sample([f32([6])], { dtype: "f32" }),
    ],
    refusals: [],
  },
  stopGradient: {
    samples: [sample([f32([6])], null, false), sample([bool([6])], null, false)],
    refusals: [],
  },
  identity: {
    samples: [sample([f32([6])], { tag: 1 }), sample([i32([0])], { tag: 1 }, false)],
    refusals: [],
  },
  add: arithmetic([-2, 2]),
  sub: arithmetic([-2, 2]),
  mul: arithmetic([-2, 2]),
  div: arithmetic([-2, 2], [0.5, 3], false),
  floorDivide: {
    ...arithmetic([-9, 9], [0.7, 3]),
    samples: arithmetic([-9, 9], [0.7, 3]).samples.map((s) => ({ ...s, smooth: false })),
  },
  remainder: {
    ...arithmetic([-9, 9], [0.7, 3]),
    samples: [
      ...arithmetic([-9, 9], [0.7, 3]).samples.map((s) => ({ ...s, smooth: false })),
      sample([f32([5], [0.1, 0.6]), f32([5], [1, 3])]),
    ],
  },
  pow: arithmetic([0.2, 3], [-2, 2]),
  hypot: arithmetic([0.2, 3], [0.3, 2], false),
  maximum: choice(),
  minimum: choice(),
  atan2: arithmetic([0.2, 3], [-3, -0.2], false),
  equal: comparison(false),
  notEqual: comparison(false),
  less: comparison(true),
  lessEqual: comparison(true),
  and: logical(),
  or: logical(),
  xor: logical(),
  bitAnd: bits(),
  bitOr: bits(),
  bitXor: bits(),
  shiftLeft: bits([0, 31]),
  shiftRight: bits([0, 31]),
  where: {
    samples: [
      sample([bool([3, 5]), f32([3, 5]), f32([3, 5])]),
      sample([bool([4]), i32([4]), i32([4])], null, false),
      sample([bool([11]), f32([11], [0, 1], SPECIAL), f32([11])], null, false),
    ],
    refusals: [
      refuse("DTypeError", [f32([2]), f32([2]), f32([2])]),
      refuse("DTypeError", [bool([2]), f32([2]), i32([2])]),
    ],
  },
  threefry: {
    samples: [0, 1].map((word) =>
      sample(
        [0, 1, 2, 3].map(() => u32([9], [0, 4294967295], [0, 4294967295])),
        { word },
        false,
      ),
    ),
    refusals: [
      refuse(
        "DTypeError",
        [0, 1, 2, 3].map(() => f32([2])),
        { word: 0 },
      ),
    ],
  },
  reshape: {
    samples: [
      sample([f32([3, 4])], { shape: [2, 6] }),
      sample([f32([6])], { shape: [1, 2, 3, 1] }),
      sample([f32([])], { shape: [1, 1] }),
      sample([i32([0, 3])], { shape: [3, 0, 2] }, false),
      sample([bool([4])], { shape: [2, 2] }, false),
    ],
    refusals: [refuse("ShapeError", [f32([3, 4])], { shape: [5] })],
  },
  permute: {
    samples: [
      sample([f32([2, 3, 4])], { axes: [2, 0, 1] }),
      sample([f32([3, 1, 2])], { axes: [1, 2, 0] }),
      sample([i32([2, 0])], { axes: [1, 0] }, false),
      sample([f32([2, 3, 2, 3])], { axes: [3, 1, 0, 2] }),
    ],
    refusals: [],
  },
  expand: {
    samples: [
      sample([f32([3, 1])], { shape: [3, 4] }),
      sample([f32([1, 1, 2])], { shape: [2, 3, 2] }),
      sample([bool([1])], { shape: [5] }, false),
      sample([f32([1, 2])], { shape: [0, 2] }),
    ],
    refusals: [refuse("ShapeError", [f32([3, 2])], { shape: [3, 4] })],
  },
  affineView: {
    samples: [
      sample([f32([3, 5])], { axes: [same(3), axis({ size: 8, constant: -2 })] }),
      sample([f32([7])], { axes: [axis({ size: 3, factor: 2, constant: 1 })] }),
      sample([f32([4, 3])], { axes: [axis({ size: 4, factor: -1, constant: 3 }), same(3)] }),
      sample([f32([4])], { axes: [axis({ size: 9, divisor: 2, constant: -1 })] }),
      sample([f32([6, 3])], {
        axes: [axis({ size: 4, factor: 2, constant: -1, skew: 1, skewAxis: 1 }), same(3)],
      }),
      sample([f32([4, 3])], {
        axes: [axis({ size: 6, divisor: 2, constant: 1, skew: -1, skewAxis: 1 }), same(3)],
      }),
      sample([i32([5])], { axes: [axis({ size: 7, constant: -1 })] }, false),
      sample([f32([3])], { axes: [axis({ size: 0 })] }),
    ],
    refusals: [],
  },
  concat: {
    samples: [
      sample([f32([2, 3]), f32([2, 1]), f32([2, 4])], { axis: 1 }),
      sample([f32([1, 3]), f32([2, 3])], { axis: 0 }),
      sample([f32([0, 3]), f32([2, 3])], { axis: 0 }),
      sample([i32([2]), i32([3])], { axis: 0 }, false),
      sample(
        Array.from({ length: 11 }, (_, i) => f32([1 + (i % 3)])),
        { axis: 0 },
      ),
    ],
    refusals: [
      refuse("ShapeError", [f32([2, 3]), f32([3, 3])], { axis: 1 }),
      refuse("DTypeError", [f32([2]), i32([2])], { axis: 0 }),
    ],
  },
  full: {
    samples: [
      sample([], { shape: [2, 3], value: 1.5, dtype: "f32" }, false),
      sample([], { shape: [], value: -Infinity, dtype: "f32" }, false),
      sample([], { shape: [2], value: NAN, dtype: "f32" }, false),
      sample([], { shape: [3], value: -7, dtype: "i32" }, false),
      sample([], { shape: [3], value: 4294967295, dtype: "u32" }, false),
      sample([], { shape: [3], value: 1, dtype: "bool" }, false),
    ],
    refusals: [refuse("ShapeError", [], { shape: [-1], value: 0, dtype: "f32" })],
  },
  iota: {
    samples: [
      sample([], { shape: [2, 5], axis: 1 }, false),
      sample([], { shape: [4, 2], axis: 0 }, false),
      sample([], { shape: [0], axis: 0 }, false),
    ],
    refusals: [refuse("ShapeError", [], { shape: [1.5], axis: 0 })],
  },
  sum: summing(),
  // Long products stay near 1: what is smaller than the smallest normal number may be taken for zero.
  prod: {
    ...summing(),
    samples: [
      ...summing()
        .samples.filter((s) => s.ins[0]?.shape[0] !== 20000)
        .map((s) => ({
          ...s,
          ins: s.ins.map((x) => (x.dtype === "f32" ? { ...x, domain: [0.8, 1.25] as const } : x)),
        })),
      sample([f32([2, 4], [1, 2], [0, 2, 3, 4, 0, 0, 5, 6])], { axes: [1] }, false),
    ],
  },
  max: choosing(),
  min: choosing(),
  argmax: { ...choosing(), samples: choosing().samples.map((s) => ({ ...s, smooth: false })) },
  argmin: { ...choosing(), samples: choosing().samples.map((s) => ({ ...s, smooth: false })) },
  attention: attending(),
  dot: {
    samples: [
      sample([f32([3, 4]), f32([4, 5])], dotAxes([1], [0])),
      sample([f32([4, 3]), f32([5, 4])], dotAxes([0], [1])),
      sample([f32([2, 3, 4]), f32([2, 4, 5])], dotAxes([2], [1], [0], [0])),
      sample([f32([3, 2, 4, 2]), f32([4, 2, 3, 5])], dotAxes([2, 3], [0, 1], [0], [2])),
      sample([f32([6]), f32([6])], dotAxes([0], [0])),
      sample([f32([3]), f32([2])], dotAxes([], [])),
      sample([f32([2, 0]), f32([0, 3])], dotAxes([1], [0])),
      sample([f32([0, 2]), f32([2, 3])], dotAxes([1], [0])),
      sample([f32([37, 19]), f32([19, 41])], dotAxes([1], [0]), false),
      sample([f32([70, 33]), f32([66, 33])], dotAxes([1], [1]), false),
      sample([f32([2, 5000]), f32([5000, 2])], dotAxes([1], [0]), false),
      sample([i32([3, 4]), i32([4, 2])], dotAxes([1], [0]), false),
      sample([u32([3, 4]), u32([4, 2])], dotAxes([1], [0]), false),
      sample([f32([2, 2], [-1, 1], [NAN, 1, Infinity, 0]), f32([2, 2])], dotAxes([1], [0]), false),
    ],
    refusals: [
      refuse("ShapeError", [f32([2, 3]), f32([4, 5])], dotAxes([1], [0])),
      refuse("DTypeError", [f32([2, 3]), i32([3, 5])], dotAxes([1], [0])),
      refuse("DTypeError", [bool([2, 3]), bool([3, 5])], dotAxes([1], [0])),
    ],
  },
  conv: {
    samples: [
      sample([f32([2, 3, 5]), f32([4, 3, 2])], convParams({}, 1)),
      sample(
        [f32([1, 2, 4, 5]), f32([2, 2, 3, 3])],
        convParams({
          padding: [
            [1, 1],
            [1, 1],
          ],
        }),
      ),
      sample(
        [f32([2, 4, 5, 4]), f32([4, 2, 2, 3])],
        convParams({
          stride: [2, 1],
          padding: [
            [1, 0],
            [2, 1],
          ],
          dilation: [1, 2],
          groups: 2,
        }),
      ),
      sample(
        [f32([1, 2, 3, 3]), f32([2, 2, 2, 2])],
        convParams({
          inputDilation: [2, 2],
          padding: [
            [1, 1],
            [1, 1],
          ],
        }),
      ),
      sample(
        [f32([1, 3, 4, 4]), f32([3, 1, 3, 3])],
        convParams({
          groups: 3,
          padding: [
            [1, 1],
            [1, 1],
          ],
        }),
      ),
      sample([f32([1, 2, 3, 3, 3]), f32([2, 2, 2, 2, 2])], convParams({}, 3)),
      sample([f32([0, 2, 3, 3]), f32([2, 2, 2, 2])], convParams({})),
      sample(
        [f32([3, 5, 9, 9]), f32([17, 5, 3, 3])],
        convParams({
          stride: [2, 2],
          padding: [
            [1, 1],
            [1, 1],
          ],
        }),
        false,
      ),
    ],
    refusals: [
      refuse("ShapeError", [f32([1, 2, 2, 2]), f32([2, 2, 4, 4])], convParams({})),
      refuse("DTypeError", [i32([1, 2, 2, 2]), i32([2, 2, 1, 1])], convParams({})),
    ],
  },
  gather: {
    samples: [
      gathering([5, 3], [4, 3], 0, [-5, 4]),
      gathering([2, 6], [2, 9], 1, [0, 5]),
      sample([f32([4]), i32([5], [0, 3], [4, -5, 100, -1, 0])], { axis: 0 }, false),
      sample([i32([4]), u32([3], [0, 3], [4, 4294967295, 1])], { axis: 0 }, false),
      gathering([4], [0], 0, [0, 3]),
    ],
    refusals: [
      refuse("DTypeError", [f32([4]), f32([3])], { axis: 0 }),
      refuse("ShapeError", [f32([4, 2]), i32([3, 3])], { axis: 0 }),
    ],
  },
  scatter: {
    samples: [
      ...(["add", "set"] as const).flatMap((mode) => [
        sample([f32([5, 2]), i32([4, 2], [-5, 4]), f32([4, 2])], { axis: 0, mode }),
        sample([f32([2, 4]), i32([2, 7], [0, 3]), f32([2, 7])], { axis: 1, mode }),
        sample([f32([4]), i32([4], [0, 3], [1, 1, 9, -9]), f32([4])], { axis: 0, mode }),
        sample([i32([4]), i32([3], [0, 3]), i32([3])], { axis: 0, mode }, false),
        sample([f32([4]), i32([0]), f32([0])], { axis: 0, mode }),
      ]),
    ],
    refusals: [
      refuse("DTypeError", [f32([4]), i32([2]), i32([2])], { axis: 0, mode: "add" }),
      refuse("DTypeError", [bool([4]), i32([2]), bool([2])], { axis: 0, mode: "add" }),
      refuse("ShapeError", [f32([4]), i32([2]), f32([3])], { axis: 0, mode: "set" }),
    ],
  },
  argsort: {
    samples: [
      sample([f32([3, 7])], null, false),
      sample([f32([2, 11], [0, 1], SPECIAL)], null, false),
      sample([i32([70], [0, 9])], null, false),
      sample([u32([2, 33], [0, 5])], null, false),
      sample([f32([131], [0, 3])], null, false),
      sample([f32([0])], null, false),
      sample([f32([3, 1])], null, false),
    ],
    refusals: [refuse("DTypeError", [bool([3])])],
  },
  scan: {
    samples: [
      ...(["sum", "prod", "max", "min"] as const).flatMap((combine) => [
        sample([f32([2, 5, 3], [0.5, 2])], { axis: 1, combine, reverse: false }),
        sample([f32([4, 2], [0.5, 2])], { axis: 0, combine, reverse: true }),
        sample([i32([3, 5], [-3, 3])], { axis: 1, combine, reverse: false }, false),
        sample([f32([11], [0, 1], SPECIAL)], { axis: 0, combine, reverse: false }, false),
        sample([f32([3], [1, 2])], { axis: 0, combine, reverse: true }),
      ]),
      sample([f32([3, 4], [1, 2], [0, 2, 0, 3])], { axis: 1, combine: "prod", reverse: false }, false),
      sample([f32([0, 2])], { axis: 0, combine: "sum", reverse: false }),
    ],
    refusals: [refuse("DTypeError", [bool([3])], { axis: 0, combine: "sum", reverse: false })],
  },
};

/** Primitives that are no operation on values; what they are for is tested elsewhere. */
export const withoutEntry: Readonly<Record<string, string>> = {
  input: "stands for a value that is given",
};
