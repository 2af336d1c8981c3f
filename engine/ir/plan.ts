import type { KernelProgram } from "../../kernels/program.ts";
import type { DType } from "../core/dtype.ts";
import type { Shape } from "../core/shape.ts";
import type { GraphNode } from "./node.ts";

/** Where the values of a plan lie. */
export type Place =
  | { readonly kind: "input"; readonly index: number }
  | { readonly kind: "output"; readonly index: number }
  /** A part of a pool: an intermediate result whose bytes are reused once it is dead. */
  | { readonly kind: "pool"; readonly pool: number; readonly offset: number }
  /** A part of a block of results that lie one behind the other. */
  | { readonly kind: "block"; readonly block: number; readonly offset: number };

/** Results laid out one behind the other in one buffer, each perhaps over the input that it replaces. */
export interface PlanBlock {
  readonly bytes: number;
  readonly segments: readonly BlockSegment[];
}

export interface BlockSegment {
  readonly offset: number;
  readonly bytes: number;
  readonly input: number | null;
  readonly output: number | null;
}

/** An input that is copied to where a kernel wants it, before the first kernel. */
export interface PlanCopy {
  readonly input: number;
  readonly pool: number;
  readonly offset: number;
  readonly bytes: number;
}

export interface PlanValue {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly bytes: number;
  readonly place: Place;
  /** The op that made it. */
  readonly op: string;
}

/** One dispatch: value number for each binding of the program. */
export interface PlanStep {
  readonly program: KernelProgram;
  readonly values: readonly number[];
  /** Names of the ops that the user called and this kernel computes. */
  readonly ops: readonly string[];
  /** Why the kernel ends where it does. */
  readonly notes: readonly string[];
  /** What it reads that another kernel, or the user, has made; for people. */
  readonly reads: readonly GraphNode[];
  /** What is there after it; for checks against the reference. */
  readonly results: readonly PlanResult[];
}

/** A node of the compiled graph, and where its values lie once a dispatch has written them. */
export interface PlanResult {
  readonly node: GraphNode;
  readonly value: number;
  /** Bytes from the start of the value. */
  readonly offset: number;
}

/** What a program becomes: kernels in order, with their operands placed. Holds no device object. */
export interface Plan {
  readonly values: readonly PlanValue[];
  readonly steps: readonly PlanStep[];
  /** Value number of each program input; null where no kernel reads it. */
  readonly inputs: readonly (number | null)[];
  /** For each program output: its value, or the input that it is. */
  readonly outputs: readonly PlanOutput[];
  /** Bytes of each pool. */
  readonly pools: readonly number[];
  readonly blocks: readonly PlanBlock[];
  readonly copies: readonly PlanCopy[];
  /** The inputs of the compiled graph, which the nodes of the steps' results stand on. */
  readonly given: readonly GraphNode[];
}

export type PlanOutput =
  | { readonly kind: "value"; readonly value: number }
  | { readonly kind: "block"; readonly block: number; readonly offset: number }
  /** The very values of an input; `updated` when the plan writes the new values over the old ones. */
  | { readonly kind: "input"; readonly index: number; readonly updated: boolean };

export interface PlanReport {
  readonly kernels: readonly {
    name: string;
    ops: readonly string[];
    workgroups: readonly number[];
    flops: number;
    bytes: number;
    notes: readonly string[];
  }[];
  readonly dispatches: number;
  readonly flops: number;
  readonly bytesMoved: number;
  /** Inputs, outputs and intermediate results that live at once, at most. */
  readonly peakBytes: number;
  readonly poolBytes: readonly number[];
}

/** What a plan costs, before it has run. */
export function reportOf(plan: Plan): PlanReport {
  const kernels = plan.steps.map((s) => ({
    name: s.program.name,
    ops: s.ops,
    workgroups: s.program.workgroups,
    flops: s.program.cost.flops,
    bytes: s.program.cost.bytes,
    notes: s.notes,
  }));
  const single = plan.values.filter((v) => v.place.kind === "input" || v.place.kind === "output");
  const outside = single.reduce((n, v) => n + v.bytes, 0) + plan.blocks.reduce((n, b) => n + b.bytes, 0);
  return {
    kernels,
    dispatches: kernels.length,
    flops: kernels.reduce((n, k) => n + k.flops, 0),
    bytesMoved: kernels.reduce((n, k) => n + k.bytes, 0),
    peakBytes: outside + plan.pools.reduce((a, b) => a + b, 0),
    poolBytes: plan.pools,
  };
}
