import { range, sizeOf } from "../engine/core/shape.ts";
import {
  bodyLength,
  edge,
  storeInLoop,
  storeSum,
  sumType,
  thread,
  UNROLLED_STORES,
  valueAt,
} from "./dot-parts.ts";
import type { DirectTile, DotSpec } from "./dot-spec.ts";
import { gridOf, type KernelProgram } from "./program.ts";
import { literal } from "./scalar/builder.ts";
import { Emitter } from "./scalar/emitter.ts";

/** Bodies longer than this many multiply-adds are not unrolled further. */
const UNROLL_BUDGET = 512;
/** Large tiles gain nothing by it, and drivers on the CPU take three times as long to compile them. */
const unrolledSteps = (sums: number, work: number) =>
  sums > UNROLLED_STORES ? 1 : Math.floor(UNROLL_BUDGET / work);

export function directKernel(spec: DotSpec, tile: DirectTile): KernelProgram {
  const { m, n, batch } = spec;
  const { tm, tn, workgroupSize } = tile;
  const tilesM = Math.ceil(m / tm);
  const tilesN = Math.ceil(n / tn);
  const threads = batch * tilesM * tilesN;
  const workgroups = gridOf(Math.ceil(threads / workgroupSize));
  const emit = new Emitter(spec);
  thread(emit, "i", workgroups, workgroupSize, threads);
  emit.line(`let column = i % ${tilesN};`);
  emit.line(batch > 1 ? `let tile_row = (i / ${tilesN}) % ${tilesM};` : `let tile_row = i / ${tilesN};`);
  emit.line(batch > 1 ? `let batch = i / ${tilesN * tilesM};` : "let batch = 0;");
  emit.bindVariable(0, "batch");
  // Neighbouring threads take neighbouring columns, so that they read neighbouring elements.
  const rows = range(tm).map((r) => edge(emit, `m${r}`, `tile_row * ${tm} + ${r}`, tilesM * tm, m));
  const columns = range(tn).map((c) => edge(emit, `n${c}`, `column + ${c * tilesN}`, tilesN * tn, n));
  const type = sumType(spec);
  for (const r of rows)
    for (const c of columns) emit.line(`var sum_${r.name}_${c.name}: ${type} = ${literal(type, 0)};`);
  overContracted(emit, spec.contracted, unrolledSteps(tm * tn, bodyLength(spec, tm, tn)), () => {
    const as = rows.map((r) => valueAt(emit, spec.a, 1, r.name));
    const bs = columns.map((c) => valueAt(emit, spec.b, 2, c.name));
    rows.forEach((r, x) => {
      columns.forEach((c, y) => {
        emit.line(`sum_${r.name}_${c.name} += ${as[x]} * ${bs[y]};`);
      });
    });
  });
  if (tm * tn > UNROLLED_STORES) {
    storeInLoop(emit, spec, tile, {
      row: (r) => edge(emit, "m", `tile_row * ${tm} + ${r}`, tilesM * tm, m),
      column: (c) => edge(emit, `n_${c}`, `column + ${c} * ${tilesN}`, tilesN * tn, n),
      sums: rows.flatMap((r) => columns.map((c) => `sum_${r.name}_${c.name}`)),
    });
  } else {
    for (const r of rows) {
      for (const c of columns) {
        storeSum(emit, spec, r.name, c.name, `sum_${r.name}_${c.name}`, [...r.guard, ...c.guard]);
      }
    }
  }
  return emit.kernel({ workgroups, workgroupSize });
}

/** Loops over the contracted axes; the innermost ones are unrolled in text where that stays short. */
function overContracted(
  emit: Emitter,
  extents: readonly number[],
  steps: number,
  body: () => void,
  axis = 0,
): void {
  if (axis === extents.length) {
    body();
    return;
  }
  const n = extents[axis] as number;
  const inner = sizeOf(extents.slice(axis + 1));
  const next = () => overContracted(emit, extents, steps, body, axis + 1);
  if (n * inner <= steps && n <= 4) {
    for (let i = 0; i < n; i++) {
      emit.bindVariable(3 + axis, String(i), 0);
      next();
    }
    return;
  }
  const last = inner === 1;
  const unroll = last ? ([4, 2].find((u) => n % u === 0 && u <= steps) ?? 1) : 1;
  const k = emit.fresh("k");
  emit.loop(k, n / unroll);
  for (let u = 0; u < unroll; u++) {
    const name = unroll === 1 ? k : emit.fresh("k");
    if (unroll > 1) emit.line(`let ${name} = ${k} * ${unroll} + ${u};`);
    emit.bindVariable(3 + axis, name);
    next();
  }
  emit.close();
}
