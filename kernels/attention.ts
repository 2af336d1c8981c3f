import { range } from "../engine/core/shape.ts";
import type { AttentionSpec, Channels, GroupTile } from "./attention-spec.ts";
import { edge } from "./dot-parts.ts";
import { gridOf, groupNumber, type KernelProgram } from "./program.ts";
import { Emitter } from "./scalar/emitter.ts";
import type { Store } from "./spec.ts";

/** Vectors that fit into the workgroup memory of every adapter. */
const VECTORS = 1024;
const BARRIER = "workgroupBarrier();";

/** Rows, columns or channels; the first of those at hand is `from`. */
interface Axis extends Channels {
  readonly from?: string;
}

/**
 * Attention for GPUs: a workgroup has a tile of rows, and so many columns at a time. A thread has four rows, in the
 * components of vectors, and such a vector for each of its columns or channels; all lie as far apart as the threads
 * reach, so that neighbours read and write neighbours. What is multiplied is read from workgroup memory, where it lies in
 * lines: one for each channel of rows and columns, one for each column of elements and values.
 */
export function groupAttention(spec: AttentionSpec, { rows: R, columns: C }: GroupTile): KernelProgram {
  const { products, elements, softmax, sums, total } = spec;
  const row: Axis = { variable: spec.rowVariable, size: spec.rows, from: "row_tile" };
  const column: Axis = { variable: 3 - spec.rowVariable, size: spec.columns, from: "column_tile" };
  const lanesM = R / 4;
  const lanesN = C / 4;
  const workgroupSize = lanesM * lanesN;
  // Lines are an odd number of vectors long, so that neighbours begin in other banks.
  const stride = lanesM | 1;
  let staged = 0;
  const emit = new Emitter(spec);
  const line = (text: string) => emit.line(text);
  const block = (header: string, body: () => void) => {
    emit.open(header);
    body();
    emit.close();
  };
  const loop = (i: string, rounds: number, body: () => void) =>
    block(`for (var ${i} = 0; ${i} < ${rounds}; ${i}++) {`, body);
  const vectors = (name: string, count: number) =>
    range(count).map((j) => {
      line(`var ${name}_${j} = vec4f(0);`);
      return `${name}_${j}`;
    });
  /** Binds what lies so far on along an axis, but not beyond the last; its number before that is `raw`. */
  const place = ({ variable, size, from = "0" }: Axis, name: string, offset: string) => {
    edge(emit, name, `${from} + ${offset}`, Infinity, size);
    emit.bindVariable(variable, name);
  };
  /** Something for each row of a thread. */
  const perRow = <T>(body: (component: string) => T): T[] =>
    [..."xyzw"].map((x) => {
      emit.bindVariable(row.variable, `row_${x}`, 0);
      return body(x);
    });

  const rowTiles = Math.ceil(row.size / R);
  const columnTiles = Math.ceil(column.size / C);
  const across = total ? columnTiles : 1;
  const tiles = spec.batch * rowTiles * across;
  const workgroups = gridOf(tiles);
  // Groups beyond the last tile repeat it, so that all of them meet every barrier; they store the same values.
  line(`let tile = min(${groupNumber(workgroups)}, ${tiles - 1});`);
  line(`let row_tile = tile / ${across} % ${rowTiles} * ${R};`);
  line(`let column_tile = tile % ${across} * ${C};`);
  line(`let batch = tile / ${rowTiles * across};`);
  emit.bindVariable(0, "batch");
  line(`let id = i32(lane); let lane_m = id / ${lanesN}; let lane_n = id % ${lanesN};`);
  for (const i of range(4)) place(row, `row_${"xyzw"[i]}`, `${i * lanesM} + lane_m`);
  const results = sums.map(({ size }, i) => vectors(`sum${i}`, Math.ceil(size / lanesN)));
  const rescale = (by: string) => {
    line(`let scale = ${by};`);
    for (const sum of ["whole", ...results.flat()]) line(`${sum} *= scale;`);
  };
  const added = total ? vectors("added", 4) : [];
  line("var top = vec4f(-1e30f); var best = top; var whole = vec4f(0);");
  loop("t", total?.count ?? columnTiles, () => {
    if (total) emit.bindVariable(4, "t");
    else line(`let column_tile = t * ${C};`);
    products.forEach((p, i) => {
      multiply(vectors(`p${i}`, 4), p, p.column, column, p.row);
    });
    fill(elements, 0);
    if (softmax) {
      for (const j of range(4)) {
        line(
          `p0_${j} = select(vec4f(-1e30f), p0_${j}, column_tile + ${j * lanesN} + lane_n < ${column.size});`,
        );
        line(`best = max(best, p0_${j});`);
      }
      share("best", "best = max(best, other);");
      line(BARRIER);
      rescale("exp_f4(top - best)");
      line("top = best;");
      for (const j of range(4)) line(`p0_${j} = exp_f4(p0_${j} - best); whole += p0_${j};`);
      fill([softmax.weight], 1);
    }
    added.forEach((sum, j) => {
      line(`${sum} += p0_${j};`);
    });
    sums.forEach((sum, i) => {
      for (const j of range(4))
        line(`matrix[(lane_n + ${j * lanesN}) * ${stride} + lane_m] = p${sum.element}_${j};`);
      multiply(results[i] as string[], column, sum.value, sum);
    });
  });
  if (softmax) {
    line("var sum = vec4f(0);");
    share("whole", "sum += other;");
    // A largest score that was no number may have been passed over; the sum has not.
    line(`let log = top + vec4f(${perRow((x) => `log_f(sum.${x})`)}); let nothing = log < vec4f(-5e29f);`);
    rescale("select(vec4f(1), vec4f(0), nothing) / sum");
    line("let lse = select(log, -log, nothing);");
    if (softmax.lse) store(softmax.lse, ["lse"], { variable: 3, size: 1 });
  }
  for (const [i, sum] of sums.entries()) store(sum.store, results[i] as string[], sum);
  if (total) store(total.store, added, column);
  const declarations = `var<workgroup> matrix: array<vec4f, ${C * stride}>;\nvar<workgroup> stage: array<vec4f, ${staged}>;`;
  return emit.kernel({ workgroups, workgroupSize, declarations });

  /**
   * Adds up a thread's share of products that go along `k`: channels of `value` times those of `rows`, or else columns of
   * it times those of the elements.
   */
  function multiply(sum: readonly string[], k: Axis, value: number, v: Axis, rows?: number): void {
    const fours = Math.ceil(sum.length / 4);
    const length = (fours * lanesN) | 1;
    const lines = Math.ceil((k === column ? C : k.size) / 4) * 4;
    let depth = 16;
    while (depth * length > VECTORS - C * stride || lines % depth > 0) depth--;
    staged = Math.max(staged, depth * length);
    const stage = (to: string, value: number, v: Axis, fours: number) =>
      loop("l", Math.ceil((fours * depth) / workgroupSize), () => {
        // Neighbours load channels, which are neighbours in memory.
        const [y, x] = k === column ? [`/ ${fours}`, `% ${fours}`] : [`% ${depth}`, `/ ${depth}`];
        line(`let e = l * ${workgroupSize} + id; let y = e ${y}; let x = e ${x};`);
        block((fours * depth) % workgroupSize ? `if (e < ${fours * depth}) {` : "{", () => {
          place(k, "at", `h * ${depth} + y`);
          const vector = range(4).map((i) => {
            place(v, `x${i}`, `${i * fours} + x`);
            return emit.value(value);
          });
          line(`${to}[y * ${fours | 1} + x] = select(vec4f(0), vec4f(${vector}), at_raw < ${k.size});`);
        });
      });
    loop("h", lines / depth, () => {
      stage("stage", value, v, fours * lanesN);
      if (rows !== undefined) stage("matrix", rows, row, lanesM);
      line(BARRIER);
      loop("k", depth, () => {
        line(`let a = matrix[(${k === column ? `h * ${depth} + ` : ""}k) * ${stride} + lane_m];`);
        for (const y of range(fours)) line(`let b${y} = stage[k * ${length} + ${y * lanesN} + lane_n];`);
        sum.forEach((name, j) => {
          line(`${name} += a * b${j % fours}.${"xyzw"[(j / fours) | 0]};`);
        });
      });
      line(BARRIER);
    });
  }

  /** Visits what a thread has along an axis. */
  function each<T>(vectors: readonly T[], axis: Axis, body: (vector: T) => void): void {
    for (const [j, vector] of vectors.entries())
      block("{", () => {
        place(axis, "own", `${j * lanesN} + lane_n`);
        body(vector);
      });
  }

  /** Turns products, which are accumulators from `first` on, into elements. */
  function fill(values: readonly number[], first: number): void {
    each(range(4), column, (j) => {
      const vectors = values.map((value) =>
        perRow((x) => {
          for (const i of products.keys()) emit.bindAccumulator(first + i, `p${i}_${j}.${x}`);
          return emit.value(value);
        }),
      );
      for (const [i, vector] of vectors.entries()) line(`p${i}_${j} = vec4f(${vector});`);
    });
  }

  /** Shows every thread of a row what each of them has of it, one after the `other`. */
  function share(own: string, merge: string): void {
    line(`matrix[id] = ${own}; ${BARRIER}`);
    loop("i", lanesN, () => line(`let other = matrix[lane_m * ${lanesN} + i]; ${merge}`));
  }

  function store(to: Store, vectors: readonly string[], axis: Axis): void {
    each(vectors, axis, (vector) =>
      perRow((x) =>
        block(`if (row_${x}_raw < ${row.size} && own_raw < ${axis.size}) {`, () => {
          emit.bindAccumulator(2, `${vector}.${x}`);
          emit.store([to]);
        }),
      ),
    );
  }
}
