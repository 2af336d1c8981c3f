import type { AttentionSpec, Channels, GroupTile } from "./attention-spec.ts";
import { gridOf, groupNumber, type KernelProgram } from "./program.ts";
import { Emitter } from "./scalar/emitter.ts";
import type { Store } from "./spec.ts";

/** Scores of what is hidden. */
const HIDDEN = "-1e30f";

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Rows or columns of the matrices: the variable that they are, and how many there are in all. */
interface Axis {
  readonly name: "row" | "column";
  readonly variable: number;
  readonly size: number;
}

export function groupAttention(spec: AttentionSpec, { columns: C, workgroupSize }: GroupTile): KernelProgram {
  const { products, elements, softmax, sums, total } = spec;
  const R = 1;
  const queries = spec.rowsAre === "queries";
  const row: Axis = { name: "row", variable: queries ? 1 : 2, size: spec.rows };
  const column: Axis = { name: "column", variable: queries ? 2 : 1, size: spec.columns };
  const emit = new Emitter(spec);
  const line = (text: string) => emit.line(text);
  const loop = (count: number, body: (i: string) => void, i = emit.fresh("k")) => {
    emit.loop(i, count);
    body(i);
    emit.close();
  };
  /** Binds a row or column, clamped to the last; its number before that is `raw`. */
  const place = (axis: Axis, as: string, offset: string | number) => {
    line(`let ${as}_raw = ${axis.name}_tile + ${offset};`);
    line(`let ${as} = min(${as}_raw, ${axis.size - 1});`);
    emit.bindVariable(axis.variable, as);
  };
  const inside = (axis: Axis) => `${axis.name}_raw < ${axis.size}`;
  const each = (axis: Axis, count: number, i: string) => (body: () => void) =>
    loop(
      count,
      () => {
        place(axis, axis.name, i);
        body();
      },
      i,
    );
  const eachRow = each(row, R, "r");
  const eachColumn = each(column, C, "c");
  const element = (of: string | number) => `tile${of}[r * ${C} + c]`;
  const store = (to: Store, value: string, ...guards: readonly string[]) => {
    emit.open(`if (${guards.join(" && ")}) {`);
    emit.bindAccumulator(2, value);
    emit.store([to]);
    emit.close();
  };
  const array = (as: string, length: number) => line(`var ${as}: array<f32, ${length}>;`);

  const rowTiles = Math.ceil(row.size / workgroupSize);
  const columnTiles = Math.ceil(column.size / C);
  const across = total ? columnTiles : 1;
  const tiles = spec.batch * rowTiles * across;
  const workgroups = gridOf(tiles);
  const number = groupNumber(workgroups);
  // Groups beyond the last tile repeat it, so that all of them meet every barrier; they store the same values.
  line(`let tile = min(${number}, ${tiles - 1});`);
  line(`let row_tile = tile / ${across} % ${rowTiles} * ${workgroupSize} + i32(lane);`);
  line(`let batch = tile / ${rowTiles * across};`);
  emit.bindVariable(0, "batch");
  for (const x of range(R)) place(row, `row${x}`, x);
  products.forEach(({ row: vector, channel, size }, i) => {
    array(`tile${i}`, R * C);
    if (total) return;
    array(`vector${i}`, size);
    loop(size, (d) => {
      emit.bindVariable(channel, d);
      line(`vector${i}[${d}] = ${emit.value(vector)};`);
    });
  });
  if (total) array("added", R * C);
  sums.forEach(({ size }, i) => {
    array(`sum${i}`, R * size);
  });
  if (softmax) {
    for (const x of ["top", "whole", "shrink"]) array(x, R);
    line(`for (var r = 0; r < ${R}; r++) { top[r] = ${HIDDEN}; }`);
  }
  line(`let column_tile = ${total ? `tile % ${across} * ${C}` : "0"};`);
  loop(
    total?.count ?? columnTiles,
    () => {
      if (total) emit.bindVariable(4, "t");
      else line(`let column_tile = t * ${C};`);
      for (const y of range(C)) place(column, `column${y}`, y);
      products.forEach(multiply);
      if (softmax) fillWeights(softmax.weight);
      else fillElements();
      sums.forEach(addUp);
    },
    "t",
  );
  if (softmax) finishRows(softmax.lse);
  if (total)
    eachRow(() => eachColumn(() => store(total.store, `added[r * ${C} + c]`, inside(row), inside(column))));
  sums.forEach(({ size, channel, store: to }, i) => {
    loop(size, (d) => {
      emit.bindVariable(channel, d);
      eachRow(() => store(to, `(sum${i}[${d} * ${R} + r]${softmax ? " * whole[r]" : ""})`, inside(row)));
    });
  });
  const widest = Math.max(...products.map((x) => x.size), ...sums.map((x) => x.size));
  const declarations = `var<workgroup> stage: array<f32, ${widest * C}>;`;
  return emit.kernel({ workgroups, workgroupSize, declarations });

  /** For each channel, the elements that the columns at hand have there. */
  function overChannels(
    step: number,
    { size, channel }: Channels,
    body: (d: string, values: string[]) => void,
  ): void {
    const visit = (value: (d: string, y: number) => string) =>
      loop(size, (d) => {
        emit.bindVariable(channel, d);
        body(
          d,
          range(C).map((y) => value(d, y)),
        );
      });
    loop(Math.ceil((size * C) / workgroupSize), (i) => {
      const [at, d, own] = ["at", "d", "own"].map((x) => emit.fresh(x)) as [string, string, string];
      line(`let ${at} = ${i} * ${workgroupSize} + i32(lane);`);
      emit.open(`if (${at} < ${size * C}) {`);
      line(`let ${d} = ${at} % ${size};`);
      line(`let ${own} = min(column_tile + ${at} / ${size}, ${column.size - 1});`);
      emit.bindVariable(channel, d);
      emit.bindVariable(column.variable, own);
      line(`stage[${d} * ${C} + ${at} / ${size}] = ${emit.value(step)};`);
      emit.close();
    });
    line("workgroupBarrier();");
    visit((d, y) => {
      const read = emit.fresh("b");
      line(`let ${read} = stage[${d} * ${C} + ${y}];`);
      return read;
    });
    line("workgroupBarrier();");
  }

  /** Leaves the products of the thread's rows and columns in an array. */
  function multiply(product: AttentionSpec["products"][number], i: number): void {
    const x = range(R * C).map((at) => `x${i}_${at}`);
    for (const sum of x) line(`var ${sum} = 0.0f;`);
    overChannels(product.column, product, (d, bs) => {
      const as = range(R).map((r) => {
        emit.bindVariable(row.variable, `row${r}`, 0);
        return !total ? `vector${i}[${d}]` : emit.value(product.row);
      });
      x.forEach((sum, at) => {
        line(`${sum} += ${as[Math.floor(at / C)]} * ${bs[at % C]};`);
      });
    });
    x.forEach((sum, at) => {
      line(`tile${i}[${at}] = ${sum};`);
    });
  }

  /** Turns products into the elements of the matrices. */
  function fillElements(): void {
    eachRow(() =>
      eachColumn(() => {
        products.forEach((_, i) => {
          line(`let product${i} = ${element(i)};`);
          emit.bindAccumulator(i, `product${i}`);
        });
        elements
          .map((e) => emit.value(e))
          .forEach((value, i) => {
            const masked = `select(0.0f, ${value}, ${inside(column)})`;
            line(total ? `added[r * ${C} + c] += ${value};` : `${element(i)} = ${masked};`);
          });
      }),
    );
  }

  /** Scores to weights, less by a factor that is known after the last column: the largest score of each row may grow. */
  function fillWeights(weight: number): void {
    eachRow(() => {
      line("var best = top[r];");
      eachColumn(() => {
        line(`let product = ${element(0)};`);
        emit.bindAccumulator(0, "product");
        line(`let score = select(${HIDDEN}, ${emit.value(elements[0] as number)}, ${inside(column)});`);
        line(`${element(0)} = score;`);
        line("best = max(best, score);");
      });
      line("shrink[r] = exp_f(top[r] - best);");
      line("top[r] = best;");
      line("whole[r] *= shrink[r];");
      eachColumn(() => {
        line(`let weight = exp_f(${element(0)} - best);`);
        line("whole[r] += weight;");
        emit.bindAccumulator(1, "weight");
        line(`${element(0)} = ${emit.value(weight)};`);
      });
    });
  }

  /** Adds a matrix times the column vectors of the tile to the sums of the thread's rows. */
  function addUp({ element: e, value, ...channels }: AttentionSpec["sums"][number], i: number): void {
    const named = (prefix: string, from: string, count: number) =>
      range(count).map((x) => {
        line(`let ${prefix}${i}_${x} = ${from}[${x}];`);
        return `${prefix}${i}_${x}`;
      });
    const weights = named("w", `tile${e}`, R * C);
    const shrink = softmax ? named("f", "shrink", R).map((f) => ` * ${f}`) : [];
    overChannels(value, channels, (d, values) => {
      for (const x of range(R)) {
        const sum = `sum${i}[${d} * ${R} + ${x}]`;
        const terms = values.map((v, y) => `${weights[x * C + y]} * ${v}`);
        line(`${sum} = ${sum}${shrink[x] ?? ""} + ${terms.join(" + ")};`);
      }
    });
  }

  /** Leaves 1 / sum of exponentials in `whole`, 0 for a row that has seen nothing. */
  function finishRows(lse: Store | null): void {
    eachRow(() => {
      line("let sum = whole[r];");
      // A largest score that was no number may have been passed over; the sum has not.
      line("let nothing = top[r] < -5e29f && !is_nan(sum);");
      line("whole[r] = select(1.0f / sum, 0.0f, nothing);");
      if (lse) store(lse, "select(top[r] + log_f(sum), 1e30f, nothing)", inside(row));
    });
  }
}
