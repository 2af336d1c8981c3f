import { edge, range, storeSum, sumType } from "./dot-parts.ts";
import type { DotSpec, StagedTile } from "./dot-spec.ts";
import { gridOf, groupNumber, type KernelProgram } from "./program.ts";
import { literal, type ScalarType } from "./scalar/builder.ts";
import { Emitter } from "./scalar/emitter.ts";

export function stagedKernel(spec: DotSpec, tile: StagedTile): KernelProgram {
  const { m, n, batch, contracted } = spec;
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
  const emit = new Emitter(spec);
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
  emit.loop("step", steps);
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
  emit.loop("kk", bk);
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
  return emit.kernel({ workgroups, workgroupSize: lanes, declarations });
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
  emit.loop(load, perLane);
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
