import type { Profile } from "../engine/core/profile.ts";
import { range } from "../engine/core/shape.ts";
import type { AttentionSize, AttentionSpec, Channels, ThreadTile } from "./attention-spec.ts";
import { thread } from "./dot-parts.ts";
import { gridOf, type KernelProgram } from "./program.ts";
import { Emitter } from "./scalar/emitter.ts";
import type { Store } from "./spec.ts";

/** Scores of what is hidden. */
const HIDDEN = "-1e30f";

/** Rows or columns of the matrices: the variable that they are, and how many there are in all. */
interface Axis {
  readonly name: "row" | "column";
  readonly variable: number;
  readonly size: number;
}

/** Rows and columns of a thread, which keeps its sums in an array: WGSL allows 8192 bytes of these. */
export function threadTile(profile: Profile, { batch, rows, columns, width }: AttentionSize): ThreadTile {
  const fitting = (size: number, most: number) =>
    [8, 4, 2].find((t) => t <= most && Math.ceil(size / t) * t <= size * 1.25) ?? 1;
  // Mesa takes two seconds to compile a tile of 8x8, 0.4 for 4x4, which takes a fifth longer to run, and 0.1 for 2x4.
  const small = batch * rows * columns * width < 1 << 19;
  let r = fitting(rows, profile.quads ? 8 : small ? 2 : 4);
  const c = fitting(columns, profile.quads ? 8 : 4);
  while (r > 1 && (r * (width + 2 * c + 3) > 2000 || batch * Math.ceil(rows / r) < 64)) r /= 2;
  return { variant: "thread", rows: r, columns: c };
}

/** Attention for drivers that run on the CPU: each thread has rows of its own and reads all columns from memory. */
export function threadAttention(spec: AttentionSpec, { rows: R, columns: C }: ThreadTile): KernelProgram {
  const { products, elements, softmax, sums, total } = spec;
  const workgroupSize = 4;
  const row: Axis = { name: "row", variable: spec.rowVariable, size: spec.rows };
  const column: Axis = { name: "column", variable: 3 - spec.rowVariable, size: spec.columns };
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
  // Of the module, not of the function: drivers look for a register for each element of the latter.
  const arrays: string[] = [];
  const array = (as: string, length: number) => arrays.push(`var<private> ${as}: array<f32, ${length}>;`);

  const rowTiles = Math.ceil(row.size / R);
  const columnTiles = Math.ceil(column.size / C);
  const across = total ? columnTiles : 1;
  const tiles = spec.batch * rowTiles * across;
  const workgroups = gridOf(Math.ceil(tiles / workgroupSize));
  thread(emit, "tile", workgroups, workgroupSize, tiles);
  line(`let row_tile = tile / ${across} % ${rowTiles} * ${R};`);
  line(`let batch = tile / ${rowTiles * across};`);
  emit.bindVariable(0, "batch");
  for (const x of range(R)) place(row, `row${x}`, x);
  products.forEach((_, i) => {
    array(`tile${i}`, R * C);
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
  sums.forEach(({ size, variable, store: to }, i) => {
    loop(size, (d) => {
      emit.bindVariable(variable, d);
      eachRow(() => store(to, `(sum${i}[${d} * ${R} + r]${softmax ? " * whole[r]" : ""})`, inside(row)));
    });
  });
  return emit.kernel({ workgroups, workgroupSize, declarations: arrays.join("\n") });

  /** For each channel, the elements that the columns at hand have there. */
  function overChannels(
    step: number,
    { size, variable }: Channels,
    body: (d: string, values: string[]) => void,
  ): void {
    loop(size, (d) => {
      emit.bindVariable(variable, d);
      const values = range(C).map((y) => {
        emit.bindVariable(column.variable, `column${y}`, 1);
        return emit.value(step);
      });
      body(d, values);
    });
  }

  /** Leaves the products of the thread's rows and columns in an array. */
  function multiply(product: AttentionSpec["products"][number], i: number): void {
    const x = range(R * C).map((at) => `x${i}_${at}`);
    for (const sum of x) line(`var ${sum} = 0.0f;`);
    overChannels(product.column, product, (_, bs) => {
      const as = range(R).map((r) => {
        emit.bindVariable(row.variable, `row${r}`, 0);
        return emit.value(product.row);
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
