import type { KernelSpec } from "../../../kernels/kernel.ts";
import type { RowFold } from "../../../kernels/row-spec.ts";
import { type Step, scalarType } from "../../../kernels/scalar/builder.ts";
import type { IndexExpr } from "../../../kernels/scalar/index-algebra.ts";
import type { Store } from "../../../kernels/spec.ts";
import { sizeOf } from "../../core/shape.ts";
import type { GraphNode } from "../../ir/node.ts";
import { rowLanes, severalOf } from "../tiles.ts";
import type { KernelBody } from "./kernel-body.ts";

/** Reductions along rows, one after the other where they need each other, with what is computed before and after them. */
export function rowSpec(body: KernelBody): KernelSpec {
  const c = body.c;
  const phases: RowFold[][] = [];
  const phaseOf: number[] = [];
  for (const hero of c.heroes) {
    const { lower } = hero.primitive;
    if (lower.kind !== "reduce") throw new Error("lower: a row kernel without a reduction");
    const ref = body.accumulators.size;
    const value = body.pull(hero.inputs[0] as GraphNode, c.element);
    const { accumulators } = body.s.steps[value] as Step;
    const phase = phaseOf.reduce((p, at, i) => ((accumulators >> i) & 1 ? Math.max(p, at + 1) : p), 0);
    phaseOf.push(phase);
    const folds = phases[phase] ?? [];
    phases[phase] = folds;
    folds.push({ ref, combine: lower.combine, dtype: hero.dtype, value });
    body.flops++;
    body.accumulators.set(hero, body.s.accumulator(ref, scalarType(hero.dtype)));
  }
  const length = sizeOf(c.extents);
  const rows = sizeOf(c.domain) / length;
  const rowStores: Store[] = [];
  const elementStores: Store[] = [];
  for (const x of c.outputs) {
    const frame = c.frames.get(x) as readonly IndexExpr[];
    const perRow = frame.every((e) => (body.s.variablesOf(e) & ~1) === 0) && sizeOf(x.shape) <= rows;
    (perRow ? rowStores : elementStores).push(body.store(x, frame));
  }
  return {
    kind: "row",
    ...body.spec(body.name("row", [rows, length]), body.cost(rows * length)),
    rows,
    extents: c.extents,
    phases,
    rowStores,
    elementStores,
    ...rowLanes(body.profile, rows, length, c),
    unroll: body.profile.kind === "software" ? severalOf(body.s.steps.length) : 1,
  };
}
