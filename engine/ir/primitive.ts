import type { ScalarBuilder } from "../../kernels/scalar/builder.ts";
import type { IndexExpr } from "../../kernels/scalar/index-algebra.ts";
import type { DType } from "../core/dtype.ts";
import type { Profile } from "../core/profile.ts";
import type { Shape } from "../core/shape.ts";
import type { Aval, GraphNode } from "./node.ts";

/** Values for the reference: float64 whatever the dtype, row-major. */
export interface HostTensor {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly data: Float64Array;
}

/**
 * Everything the system knows about an op. Every field is required, so that a missing rule does not compile.
 * Parameters are plain data: they are part of the key under which plans are kept.
 */
export interface Primitive<P = unknown> {
  readonly name: string;
  readonly dtype: (ins: readonly Aval[], params: P) => DType;
  readonly shape: (ins: readonly Aval[], params: P) => number[];
  readonly vjp: Vjp<P>;
  /** Slow, obvious float64: the oracle of every test. */
  readonly reference: (ins: readonly HostTensor[], params: P, out: Aval) => Float64Array;
  readonly lower: Lowering<P>;
}

export interface VjpArguments<P> {
  /** Gradient of the loss with respect to the output, shaped like it. */
  readonly ct: GraphNode;
  readonly ins: readonly GraphNode[];
  readonly out: GraphNode;
  readonly params: P;
  /** Which inputs need a gradient; the others may be answered with null to save work. */
  readonly needed: readonly boolean[];
}

/**
 * Cotangents of the inputs, written in graph ops so that second derivatives follow, or the same value in other ops,
 * whose derivative it has; or the reason for none.
 */
export type Vjp<P> =
  | ((args: VjpArguments<P>, o: GraphOps) => readonly (GraphNode | null)[] | GraphNode)
  | { readonly none: string; readonly stops: boolean };

/** The op has no gradient, and asking for one is an error that gives the reason. */
export const notDifferentiable = (none: string): { none: string; stops: boolean } => ({ none, stops: false });

/** The op's derivative is zero wherever it exists, so nothing flows back. */
export const zeroGradient = (none: string): { none: string; stops: boolean } => ({ none, stops: true });

/** What an inline lowering works with: the output position, and its inputs at any position it likes. */
export interface InlineContext {
  readonly s: ScalarBuilder;
  readonly at: readonly IndexExpr[];
  readonly out: Aval;
  readonly ins: readonly Aval[];
  pull(input: number, at: readonly IndexExpr[]): number;
}

export type ReduceKind = "sum" | "prod" | "max" | "min" | "argmax" | "argmin";

/** How a primitive becomes part of a kernel. */
export type Lowering<P> =
  /** Computed where it is used, from its inputs at the same position. `cost` is in multiply-adds. */
  | {
      kind: "elementwise";
      cost: number;
      text: (args: readonly string[], ins: readonly Aval[], params: P) => string;
    }
  /** Computed where it is used, from its inputs at other positions. */
  | {
      kind: "inline";
      form: "view" | "source" | "gather";
      emit: (context: InlineContext, params: P) => number;
    }
  /** A fold over `params.axes`, kept with size 1. */
  | { kind: "reduce"; combine: ReduceKind }
  /** A contraction. */
  | { kind: "dot" }
  /** A running fold along `params.axis`. */
  | { kind: "scan" }
  /** The stable order of each row. */
  | { kind: "sort" }
  /** Part of attention; `adapt` gives the same in other ops, where no kernel can do it, or none is better. */
  | { kind: "attention"; adapt: (node: GraphNode, params: P, o: GraphOps, profile: Profile) => GraphNode }
  /** Written in other ops before kernels are made. */
  | { kind: "rewrite"; into: (node: GraphNode, params: P, o: GraphOps, profile: Profile) => GraphNode }
  /** A value that is given to the program. */
  | { kind: "input" };

/** Size, step and offset of one axis of `affineView`; see the primitive. */
export interface AxisMap {
  /** input * divisor = output * factor + constant + skew * (position along skewAxis). */
  readonly factor: number;
  readonly divisor: number;
  readonly constant: number;
  readonly skew: number;
  readonly skewAxis: number;
  readonly size: number;
}

export interface DotAxes {
  readonly batchA: readonly number[];
  readonly batchB: readonly number[];
  readonly contractA: readonly number[];
  readonly contractB: readonly number[];
}

export interface ConvParams {
  readonly stride: readonly number[];
  readonly padding: readonly (readonly [number, number])[];
  readonly inputDilation: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
}

type Unary = (x: GraphNode) => GraphNode;
type Binary = (a: GraphNode, b: GraphNode | number) => GraphNode;

/** The ops that gradients and rewrites are written in. They are handed in, so records import no ops. */
export interface GraphOps {
  readonly full: (shape: Shape, value: number, dtype: DType) => GraphNode;
  readonly zerosLike: Unary;
  /** Positions along one axis, as i32 of the whole shape. */
  readonly iota: (shape: Shape, axis: number) => GraphNode;
  readonly add: Binary;
  readonly sub: Binary;
  readonly mul: Binary;
  readonly div: Binary;
  readonly pow: Binary;
  readonly maximum: Binary;
  readonly minimum: Binary;
  readonly equal: Binary;
  readonly notEqual: Binary;
  readonly less: Binary;
  readonly lessEqual: Binary;
  readonly greater: Binary;
  readonly and: Binary;
  readonly neg: Unary;
  readonly not: Unary;
  readonly sign: Unary;
  readonly exp: Unary;
  readonly log: Unary;
  readonly sqrt: Unary;
  readonly rsqrt: Unary;
  readonly sin: Unary;
  readonly cos: Unary;
  readonly sinh: Unary;
  readonly cosh: Unary;
  readonly cast: (x: GraphNode, dtype: DType) => GraphNode;
  readonly where: (condition: GraphNode, a: GraphNode | number, b: GraphNode | number) => GraphNode;
  readonly reshape: (x: GraphNode, shape: Shape) => GraphNode;
  readonly permute: (x: GraphNode, axes: readonly number[]) => GraphNode;
  /** Broadcasts axes of size 1, and prepends axes. */
  readonly broadcastTo: (x: GraphNode, shape: Shape) => GraphNode;
  readonly affineView: (x: GraphNode, axes: readonly AxisMap[]) => GraphNode;
  readonly slice: (x: GraphNode, axis: number, start: number, length: number, step?: number) => GraphNode;
  readonly pad: (x: GraphNode, axis: number, before: number, after: number) => GraphNode;
  readonly flip: (x: GraphNode, axis: number) => GraphNode;
  readonly concat: (xs: readonly GraphNode[], axis: number) => GraphNode;
  /** Reductions keep their axes with size 1. */
  readonly sum: (x: GraphNode, axes: readonly number[]) => GraphNode;
  readonly prod: (x: GraphNode, axes: readonly number[]) => GraphNode;
  readonly max: (x: GraphNode, axes: readonly number[]) => GraphNode;
  readonly dot: (a: GraphNode, b: GraphNode, axes: DotAxes) => GraphNode;
  readonly conv: (x: GraphNode, w: GraphNode, params: ConvParams) => GraphNode;
  readonly gather: (x: GraphNode, indices: GraphNode, axis: number) => GraphNode;
  readonly scatter: (
    base: GraphNode,
    indices: GraphNode,
    updates: GraphNode,
    axis: number,
    mode: "add" | "set",
  ) => GraphNode;
  readonly scan: (
    x: GraphNode,
    axis: number,
    combine: "sum" | "prod" | "max" | "min",
    reverse: boolean,
  ) => GraphNode;
}
