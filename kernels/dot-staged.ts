import { edge, range, storeInLoop, sumType } from "./dot-parts.ts";
import type { DotSpec, StagedTile } from "./dot-spec.ts";
import { gridOf, groupNumber, type KernelProgram } from "./program.ts";
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
  const vector = `vec4${sumType(spec)[0]}`;
  // A vector more than there is, so that neighbours along k lie in other banks.
  const [strideA, strideB] = [bm / 4 + 1, bn / 4 + 1];
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
  emit.line(`let lane_m = id / ${lanesN};`);
  emit.line(`let lane_n = id % ${lanesN};`);
  emit.bindVariable(0, "batch");
  const rows = range(tm);
  const columns = range(tn / 4);
  for (const x of rows) for (const y of columns) emit.line(`var sum_${x}_${y}: ${vector};`);
  emit.loop("step", Math.ceil(k / bk));
  const common = { bk, lanes, k, vector };
  stage(emit, spec, {
    ...common,
    memory: "tile_a",
    rows: bm,
    stride: strideA,
    size: m,
    base: "tile_m",
    variable: 1,
    value: spec.a,
    alongK: tile.aAlongK,
  });
  stage(emit, spec, {
    ...common,
    memory: "tile_b",
    rows: bn,
    stride: strideB,
    size: n,
    base: "tile_n",
    variable: 2,
    value: spec.b,
    alongK: tile.bAlongK,
  });
  emit.line("workgroupBarrier();");
  emit.loop("kk", bk);
  // Vectors of a lane lie as far apart as all lanes reach: neighbours read neighbours.
  for (const x of range(tm / 4))
    emit.line(`let a${x} = tile_a[kk * ${strideA} + ${(x * bm) / tm} + lane_m];`);
  for (const y of columns) emit.line(`let b${y} = tile_b[kk * ${strideB} + ${y * lanesN} + lane_n];`);
  for (const x of rows)
    for (const y of columns) emit.line(`sum_${x}_${y} += a${x >> 2}.${"xyzw"[x & 3]} * b${y};`);
  emit.close();
  emit.line("workgroupBarrier();");
  emit.close();
  const first = workgroups[0] * workgroups[1] > groups ? [`number < ${groups}`] : [];
  const place = (of: "m" | "n", i: string, lanes: number) =>
    `tile_${of} + (${i} / 4 * ${lanes} + lane_${of}) * 4 + ${i} % 4`;
  storeInLoop(emit, spec, tile, {
    row: (r) => {
      const { name, guard } = edge(emit, "m", place("m", r, bm / tm), tilesM * bm, m);
      return { name, guard: [...first, ...guard] };
    },
    column: (c) => edge(emit, `n_${c}`, place("n", c, lanesN), tilesN * bn, n),
    sums: rows.flatMap((x) => columns.flatMap((y) => [..."xyzw"].map((i) => `sum_${x}_${y}.${i}`))),
  });
  const declarations = [
    `var<workgroup> tile_a: array<${vector}, ${bk * strideA}>;`,
    `var<workgroup> tile_b: array<${vector}, ${bk * strideB}>;`,
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
  vector: string;
}

/** Copies one operand's tile into workgroup memory, k-major, four rows at a time; beyond the end of k it is zero. */
function stage(emit: Emitter, spec: DotSpec, p: Staging): void {
  const perLane = (p.rows * p.bk) / p.lanes / 4;
  const load = emit.fresh("load");
  emit.loop(load, perLane);
  const [e, kl, four, kg] = ["e", "kl", "four", "kg"].map((x) => emit.fresh(x)) as [
    string,
    string,
    string,
    string,
  ];
  emit.line(`let ${e} = ${load} * ${p.lanes} + id;`);
  emit.line(p.alongK ? `let ${kl} = ${e} % ${p.bk};` : `let ${kl} = ${e} / ${p.rows / 4};`);
  emit.line(p.alongK ? `let ${four} = ${e} / ${p.bk};` : `let ${four} = ${e} % ${p.rows / 4};`);
  emit.line(`let ${kg} = step * ${p.bk} + ${kl};`);
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
  const values = range(4).map((i) => {
    const row = `${p.base} + ${four} * 4 + ${i}`;
    const name = emit.fresh("row");
    emit.line(`let ${name} = ${p.size % p.rows === 0 ? row : `min(${row}, ${p.size - 1})`};`);
    emit.bindVariable(p.variable, name);
    return emit.value(p.value);
  });
  const loaded = `${p.vector}(${values})`;
  const masked = whole ? loaded : `select(${p.vector}(0), ${loaded}, ${kg} < ${p.k})`;
  emit.line(`${p.memory}[${kl} * ${p.stride} + ${four}] = ${masked};`);
  emit.close();
}
