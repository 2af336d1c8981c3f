import { range, sizeOf } from "../engine/core/shape.ts";
import { edge, storeInLoop, sumType } from "./dot-parts.ts";
import type { DotSpec, StagedTile } from "./dot-spec.ts";
import { gridOf, groupNumber, type KernelProgram } from "./program.ts";
import { Emitter } from "./scalar/emitter.ts";

/**
 * Each round loads a tile of both operands into registers, computes with the one before, which lies in workgroup memory,
 * and puts the new one in its place: loads are under way while sums are made.
 */
export function stagedKernel(spec: DotSpec, tile: StagedTile): KernelProgram {
  const { m, n, batch, contracted } = spec;
  const { bm, bn, bk, tm, tn } = tile;
  const tilesM = Math.ceil(m / bm);
  const tilesN = Math.ceil(n / bn);
  const k = sizeOf(contracted);
  const steps = Math.ceil(k / bk);
  const lanesN = bn / tn;
  const lanes = (bm / tm) * lanesN;
  const groups = batch * tilesM * tilesN;
  const workgroups = gridOf(groups);
  const vector = `vec4${sumType(spec)[0]}`;
  const [strideA, strideB] = [bm, bn].map(strideOf) as [number, number];
  const emit = new Emitter(spec);
  emit.line(`let number = ${groupNumber(workgroups)};`);
  // Groups beyond the last tile repeat it, so that all of them meet every barrier, and store nothing.
  emit.line(
    workgroups[0] * workgroups[1] > groups ? `let tile = min(number, ${groups - 1});` : "let tile = number;",
  );
  emit.line(`let from_a = ((tile / ${tilesN}) % ${tilesM}) * ${bm};`);
  emit.line(`let from_b = (tile % ${tilesN}) * ${bn};`);
  emit.line(`let batch = tile / ${tilesN * tilesM};`);
  emit.line("let id = i32(lane);");
  emit.line(`let lane_a = id / ${lanesN};`);
  emit.line(`let lane_b = id % ${lanesN};`);
  emit.bindVariable(0, "batch");
  const rows = range(tm);
  const columns = range(tn / 4);
  for (const x of rows) for (const y of columns) emit.line(`var sum_${x}_${y}: ${vector};`);
  emit.loop("step", steps + 1);
  // The last round has nothing to load: it repeats the one before.
  emit.line(`let ahead = min(step, ${steps - 1}) * ${bk};`);
  const puts = [
    ...load(emit, spec, tile, { of: "a", rows: bm, size: m, variable: 1, alongK: tile.aAlongK }),
    ...load(emit, spec, tile, { of: "b", rows: bn, size: n, variable: 2, alongK: tile.bAlongK }),
  ];
  emit.open("if (step > 0) {");
  emit.loop("kk", bk);
  // Vectors of a lane lie as far apart as all lanes reach: neighbours read neighbours.
  for (const x of range(tm / 4))
    emit.line(`let a${x} = tile_a[kk * ${strideA} + ${(x * bm) / tm} + lane_a];`);
  for (const y of columns) emit.line(`let b${y} = tile_b[kk * ${strideB} + ${y * lanesN} + lane_b];`);
  for (const x of rows)
    for (const y of columns) emit.line(`sum_${x}_${y} += a${x >> 2}.${"xyzw"[x & 3]} * b${y};`);
  emit.close();
  emit.close();
  emit.line("workgroupBarrier();");
  for (const put of puts) emit.line(put);
  emit.line("workgroupBarrier();");
  emit.close();
  const first = workgroups[0] * workgroups[1] > groups ? [`number < ${groups}`] : [];
  const place = (of: "a" | "b", i: string, lanes: number) =>
    `from_${of} + (${i} / 4 * ${lanes} + lane_${of}) * 4 + ${i} % 4`;
  storeInLoop(emit, spec, tile, {
    row: (r) => {
      const { name, guard } = edge(emit, "m", place("a", r, bm / tm), tilesM * bm, m);
      return { name, guard: [...first, ...guard] };
    },
    column: (c) => edge(emit, `n_${c}`, place("b", c, lanesN), tilesN * bn, n),
    sums: rows.flatMap((x) => columns.flatMap((y) => [..."xyzw"].map((i) => `sum_${x}_${y}.${i}`))),
  });
  const declarations = [
    `var<workgroup> tile_a: array<${vector}, ${bk * strideA}>;`,
    `var<workgroup> tile_b: array<${vector}, ${bk * strideB}>;`,
  ].join("\n");
  return emit.kernel({ workgroups, workgroupSize: lanes, declarations });
}

/** Vectors of four rows for a step along k: one more than there are, so that neighbours along k lie in other banks. */
const strideOf = (rows: number): number => rows / 4 + 1;

/** One operand of the product: its rows are those of the tile that it is staged in. */
interface Side {
  readonly of: "a" | "b";
  readonly rows: number;
  readonly size: number;
  readonly variable: number;
  readonly alongK: boolean;
}

/**
 * Loads what a lane has of one operand's tile, four rows at a time; beyond the end of k it is zero. Returns the lines
 * that put it into workgroup memory, k-major.
 */
function load(
  emit: Emitter,
  spec: DotSpec,
  { bm, bn, bk, tm, tn }: StagedTile,
  { of, rows, size, variable, alongK }: Side,
): string[] {
  const fours = rows / 4;
  const lanes = (bm * bn) / tm / tn;
  const k = sizeOf(spec.contracted);
  const vector = `vec4${sumType(spec)[0]}`;
  return range((fours * bk) / lanes).map((i) => {
    const [kl, four, kg, loaded] = ["kl", "four", "kg", "loaded"].map((x) => emit.fresh(x));
    const e = `(${i * lanes} + id)`;
    emit.line(`let ${kl} = ${alongK ? `${e} % ${bk}` : `${e} / ${fours}`};`);
    emit.line(`let ${four} = ${alongK ? `${e} / ${bk}` : `${e} % ${fours}`};`);
    emit.line(`let ${kg} = ahead + ${kl};`);
    const whole = k % bk === 0;
    emit.unflatten(spec.contracted, whole ? `${kg}` : `min(${kg}, ${k - 1})`, 3)();
    const values = range(4).map((j) => {
      const row = `from_${of} + ${four} * 4 + ${j}`;
      const name = emit.fresh("row");
      emit.line(`let ${name} = ${size % rows === 0 ? row : `min(${row}, ${size - 1})`};`);
      emit.bindVariable(variable, name);
      return emit.value(spec[of]);
    });
    const values4 = `${vector}(${values})`;
    emit.line(`let ${loaded} = ${whole ? values4 : `select(${vector}(0), ${values4}, ${kg} < ${k})`};`);
    return `tile_${of}[${kl} * ${strideOf(rows)} + ${four}] = ${loaded};`;
  });
}
