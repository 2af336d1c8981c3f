import { type Store, writeStores } from "./map.ts";
import {
  type Cost,
  gridOf,
  groupNumber,
  type KernelBinding,
  type KernelProgram,
  program,
} from "./program.ts";
import { literal, type ScalarProgram, type ScalarType } from "./scalar/builder.ts";
import { Emitter } from "./scalar/emitter.ts";

/**
 * Contraction with elementwise work around it. Variable 0 is the batch, 1 the row m, 2 the column n, 3.. the
 * contracted axes. `a` is a value of (batch, m, k), `b` one of (batch, k, n): either may be any expression, so views,
 * masks and sliding windows need no copy. Stores see the sum as accumulator 0.
 */
export interface DotSpec {
  readonly kind: "dot";
  readonly name: string;
  readonly steps: ScalarProgram;
  readonly bindings: readonly KernelBinding[];
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly contracted: readonly number[];
  readonly a: number;
  readonly b: number;
  readonly stores: readonly Store[];
  readonly tile: DotTile;
  readonly cost: Cost;
}

export type DotTile =
  /** Each thread keeps `tm` x `tn` sums in registers and reads its operands straight from memory. */
  | { readonly variant: "direct"; readonly tm: number; readonly tn: number; readonly workgroupSize: number }
  /** A workgroup stages `bm` x `bk` and `bk` x `bn` in workgroup memory; each thread keeps `tm` x `tn` sums. */
  | {
      readonly variant: "staged";
      readonly bm: number;
      readonly bn: number;
      readonly bk: number;
      readonly tm: number;
      readonly tn: number;
      /** Whether neighbouring lanes load along k (or else along m, n): the axis that is contiguous in memory. */
      readonly aAlongK: boolean;
      readonly bAlongK: boolean;
    };

export function dotKernel(spec: DotSpec): KernelProgram {
  return spec.tile.variant === "direct" ? directKernel(spec, spec.tile) : stagedKernel(spec, spec.tile);
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const sumType = (spec: DotSpec): ScalarType => (spec.steps[spec.a] as { type: ScalarType }).type;

/** Bodies longer than this many multiply-adds are not unrolled further. */
const UNROLL_BUDGET = 512;

function directKernel(spec: DotSpec, tile: DotTile & { variant: "direct" }): KernelProgram {
  const { m, n, batch, bindings } = spec;
  const { tm, tn, workgroupSize } = tile;
  const tilesM = Math.ceil(m / tm);
  const tilesN = Math.ceil(n / tn);
  const threads = batch * tilesM * tilesN;
  const workgroups = gridOf(Math.ceil(threads / workgroupSize));
  const emit = new Emitter(spec.steps, bindings);
  emit.line(`let i = ${groupNumber(workgroups)} * ${workgroupSize} + i32(lane);`);
  if (workgroups[0] * workgroups[1] * workgroupSize !== threads)
    emit.line(`if (i >= ${threads}) { return; }`);
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
  overContracted(emit, spec.contracted, bodyLength(spec, tm, tn), () => {
    const as = rows.map((r) => valueAt(emit, spec.a, 1, r.name));
    const bs = columns.map((c) => valueAt(emit, spec.b, 2, c.name));
    rows.forEach((r, x) => {
      columns.forEach((c, y) => {
        emit.line(`sum_${r.name}_${c.name} += ${as[x]} * ${bs[y]};`);
      });
    });
  });
  if (tm * tn > UNROLLED_STORES) {
    storeInLoop(
      emit,
      spec,
      tile,
      { tilesM, tilesN },
      rows.flatMap((r) => columns.map((c) => `sum_${r.name}_${c.name}`)),
    );
  } else {
    for (const r of rows) {
      for (const c of columns) {
        storeSum(emit, spec, r.name, c.name, `sum_${r.name}_${c.name}`, [...r.guard, ...c.guard]);
      }
    }
  }
  return program({
    name: spec.name,
    bindings,
    workgroups,
    workgroupSize,
    cost: spec.cost,
    body: emit.body(),
  });
}

/** Tiles of more sums than this store them in a loop: what follows the sum is written out once and not for each. */
const UNROLLED_STORES = 16;

function storeInLoop(
  emit: Emitter,
  spec: DotSpec,
  tile: DotTile & { variant: "direct" },
  { tilesM, tilesN }: { tilesM: number; tilesN: number },
  sums: readonly string[],
): void {
  const { m, n } = spec;
  const { tm, tn } = tile;
  emit.line(`var sums: array<${sumType(spec)}, ${sums.length}>;`);
  sums.forEach((sum, i) => {
    emit.line(`sums[${i}] = ${sum};`);
  });
  emit.open(`for (var r = 0; r < ${tm}; r++) {`);
  const row = edge(emit, "m", `tile_row * ${tm} + r`, tilesM * tm, m);
  emit.bindVariable(1, row.name);
  emit.open(`for (var c = 0; c < ${tn}; c++) {`);
  const column = edge(emit, "n", `column + c * ${tilesN}`, tilesN * tn, n);
  emit.bindVariable(2, column.name);
  emit.line(`let sum = sums[r * ${tn} + c];`);
  emit.bindAccumulator(0, "sum");
  writeGuarded(emit, spec, row.name, column.name, [...row.guard, ...column.guard]);
  emit.close();
  emit.close();
}

/** Stores what belongs to one sum, unless it lies beyond an edge. */
function writeGuarded(
  emit: Emitter,
  spec: DotSpec,
  row: string,
  column: string,
  guards: readonly string[],
): void {
  if (guards.length > 0) emit.open(`if (${guards.join(" && ")}) {`);
  if (guards.length > 0 && spec.bindings.some((b) => b.access === "inout")) {
    // Beyond the edge lies another thread's element, which that thread may be about to update: nothing reads there.
    emit.bindVariable(1, row);
    emit.bindVariable(2, column);
  }
  writeStores(emit, spec.stores, spec.bindings);
  if (guards.length > 0) emit.close();
}

interface Edge {
  readonly name: string;
  readonly guard: readonly string[];
}

/** A row or column number, clamped into the operand; results beyond the edge are not stored. */
function edge(emit: Emitter, name: string, expression: string, covered: number, size: number): Edge {
  if (covered === size) {
    emit.line(`let ${name} = ${expression};`);
    return { name, guard: [] };
  }
  emit.line(`let ${name}_raw = ${expression};`);
  emit.line(`let ${name} = min(${name}_raw, ${size - 1});`);
  return { name, guard: [`${name}_raw < ${size}`] };
}

function valueAt(emit: Emitter, step: number, variable: number, name: string): string {
  emit.bindVariable(variable, name, 0);
  return emit.value(step);
}

/** Steps along the contracted axes that an operand takes which is read as it lies in memory. */
const PLAIN_OPERAND = 4;

/**
 * How long the body of the loops is, in multiply-adds. Guarded operands, such as windows that reach over the edge,
 * count too: written out for a whole tile and unrolled, they make text that takes drivers seconds to compile.
 */
function bodyLength({ steps, a, b }: DotSpec, tm: number, tn: number): number {
  const extra = (value: number): number => {
    const seen = new Set<number>();
    const visit = (id: number): void => {
      const step = steps[id] as ScalarProgram[number];
      if (seen.has(id) || step.variables >> 3 === 0) return;
      seen.add(id);
      step.args.forEach(visit);
    };
    visit(value);
    return Math.max(0, seen.size - PLAIN_OPERAND);
  };
  return tm * tn + tm * extra(a) + tn * extra(b);
}

/** Loops over the contracted axes; the innermost ones are unrolled in text where that stays short. */
function overContracted(
  emit: Emitter,
  extents: readonly number[],
  work: number,
  body: () => void,
  axis = 0,
): void {
  if (axis === extents.length) {
    body();
    return;
  }
  const n = extents[axis] as number;
  const inner = extents.slice(axis + 1).reduce((a, b) => a * b, 1);
  const next = () => overContracted(emit, extents, work, body, axis + 1);
  if (n * inner * work <= UNROLL_BUDGET && n <= 4) {
    for (let i = 0; i < n; i++) {
      emit.bindVariable(3 + axis, String(i), 0);
      next();
    }
    return;
  }
  const last = inner === 1;
  const unroll = last ? ([4, 2].find((u) => n % u === 0 && u * work <= UNROLL_BUDGET) ?? 1) : 1;
  const k = emit.fresh("k");
  emit.open(`for (var ${k} = 0; ${k} < ${n / unroll}; ${k}++) {`);
  for (let u = 0; u < unroll; u++) {
    const name = unroll === 1 ? k : emit.fresh("k");
    if (unroll > 1) emit.line(`let ${name} = ${k} * ${unroll} + ${u};`);
    emit.bindVariable(3 + axis, name);
    next();
  }
  emit.close();
}

function storeSum(
  emit: Emitter,
  spec: DotSpec,
  row: string,
  column: string,
  sum: string,
  guards: readonly string[],
): void {
  emit.bindVariable(1, row, 0);
  emit.bindVariable(2, column, 0);
  emit.bindAccumulator(0, sum, 0);
  writeGuarded(emit, spec, row, column, guards);
}

function stagedKernel(spec: DotSpec, tile: DotTile & { variant: "staged" }): KernelProgram {
  const { m, n, batch, bindings, contracted } = spec;
  const { bm, bn, bk, tm, tn } = tile;
  const tilesM = Math.ceil(m / bm);
  const tilesN = Math.ceil(n / bn);
  const k = contracted.reduce((a, b) => a * b, 1);
  const lanesN = bn / tn;
  const lanes = (bm / tm) * lanesN;
  const groups = batch * tilesM * tilesN;
  const workgroups = gridOf(groups);
  const type = sumType(spec);
  const strideA = bm + 4;
  const strideB = bn + 4;
  const emit = new Emitter(spec.steps, bindings);
  emit.line(`let number = ${groupNumber(workgroups)};`);
  // Groups beyond the last tile repeat it, so that all of them meet every barrier, and store nothing.
  emit.line(
    workgroups[0] * workgroups[1] > groups ? `let tile = min(number, ${groups - 1});` : "let tile = number;",
  );
  emit.line(`let tile_m = ((tile / ${tilesN}) % ${tilesM}) * ${bm};`);
  emit.line(`let tile_n = (tile % ${tilesN}) * ${bn};`);
  emit.line(`let batch = tile / ${tilesN * tilesM};`);
  emit.line("let id = i32(lane);");
  emit.line(`let lane_m = (id / ${lanesN}) * ${tm};`);
  emit.line(`let lane_n = (id % ${lanesN}) * ${tn};`);
  emit.bindVariable(0, "batch");
  for (const x of range(tm))
    for (const y of range(tn)) emit.line(`var sum_${x}_${y}: ${type} = ${literal(type, 0)};`);
  const steps = Math.ceil(k / bk);
  emit.open(`for (var step = 0; step < ${steps}; step++) {`);
  stage(emit, spec, {
    memory: "tile_a",
    rows: bm,
    stride: strideA,
    bk,
    lanes,
    size: m,
    base: "tile_m",
    variable: 1,
    value: spec.a,
    alongK: tile.aAlongK,
    k,
    type,
  });
  stage(emit, spec, {
    memory: "tile_b",
    rows: bn,
    stride: strideB,
    bk,
    lanes,
    size: n,
    base: "tile_n",
    variable: 2,
    value: spec.b,
    alongK: tile.bAlongK,
    k,
    type,
  });
  emit.line("workgroupBarrier();");
  emit.open(`for (var kk = 0; kk < ${bk}; kk++) {`);
  for (const x of range(tm)) emit.line(`let a${x} = tile_a[kk * ${strideA} + lane_m + ${x}];`);
  for (const y of range(tn)) emit.line(`let b${y} = tile_b[kk * ${strideB} + lane_n + ${y}];`);
  for (const x of range(tm)) for (const y of range(tn)) emit.line(`sum_${x}_${y} += a${x} * b${y};`);
  emit.close();
  emit.line("workgroupBarrier();");
  emit.close();
  const first = workgroups[0] * workgroups[1] > groups ? [`number < ${groups}`] : [];
  const rows = range(tm).map((x) => edge(emit, `m${x}`, `tile_m + lane_m + ${x}`, tilesM * bm, m));
  const columns = range(tn).map((y) => edge(emit, `n${y}`, `tile_n + lane_n + ${y}`, tilesN * bn, n));
  rows.forEach((r, x) => {
    columns.forEach((c, y) => {
      storeSum(emit, spec, r.name, c.name, `sum_${x}_${y}`, [...first, ...r.guard, ...c.guard]);
    });
  });
  const declarations = [
    `var<workgroup> tile_a: array<${type}, ${bk * strideA}>;`,
    `var<workgroup> tile_b: array<${type}, ${bk * strideB}>;`,
  ].join("\n");
  return program({
    name: spec.name,
    bindings,
    workgroups,
    workgroupSize: lanes,
    cost: spec.cost,
    declarations,
    body: emit.body(),
  });
}

interface Staging {
  memory: string;
  rows: number;
  stride: number;
  bk: number;
  lanes: number;
  size: number;
  base: string;
  variable: number;
  value: number;
  alongK: boolean;
  k: number;
  type: ScalarType;
}

/** Copies one operand's tile into workgroup memory, k-major; beyond the end of k it is zero. */
function stage(emit: Emitter, spec: DotSpec, p: Staging): void {
  const perLane = (p.rows * p.bk) / p.lanes;
  const load = emit.fresh("load");
  emit.open(`for (var ${load} = 0; ${load} < ${perLane}; ${load}++) {`);
  const [e, kl, rl, kg, row] = ["e", "kl", "rl", "kg", "row"].map((x) => emit.fresh(x)) as [
    string,
    string,
    string,
    string,
    string,
  ];
  emit.line(`let ${e} = ${load} * ${p.lanes} + id;`);
  emit.line(p.alongK ? `let ${kl} = ${e} % ${p.bk};` : `let ${kl} = ${e} / ${p.rows};`);
  emit.line(p.alongK ? `let ${rl} = ${e} / ${p.bk};` : `let ${rl} = ${e} % ${p.rows};`);
  emit.line(`let ${kg} = step * ${p.bk} + ${kl};`);
  emit.line(`let ${row} = min(${p.base} + ${rl}, ${p.size - 1});`);
  emit.bindVariable(p.variable, row);
  const whole = p.k % p.bk === 0;
  let rest = kg;
  if (!whole) {
    rest = emit.fresh("kc");
    emit.line(`let ${rest} = min(${kg}, ${p.k - 1});`);
  }
  for (let axis = spec.contracted.length - 1; axis >= 0; axis--) {
    const extent = spec.contracted[axis] as number;
    const name = emit.fresh("k");
    emit.line(`let ${name} = ${axis === 0 ? rest : `${rest} % ${extent}`};`);
    if (axis > 0) {
      const quotient = emit.fresh("q");
      emit.line(`let ${quotient} = ${rest} / ${extent};`);
      rest = quotient;
    }
    emit.bindVariable(3 + axis, name);
  }
  const value = emit.value(p.value);
  const masked = whole ? value : `select(${literal(p.type, 0)}, ${value}, ${kg} < ${p.k})`;
  emit.line(`${p.memory}[${kl} * ${p.stride} + ${rl}] = ${masked};`);
  emit.close();
}
