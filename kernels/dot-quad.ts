import { range } from "../engine/core/shape.ts";
import { edge, storeSum, sumType, UNROLLED_STORES, valueAt, writeGuarded } from "./dot-parts.ts";
import type { DotSpec, QuadTile } from "./dot-spec.ts";
import { gridOf, groupNumber, type KernelProgram } from "./program.ts";
import { bounded, literal } from "./scalar/builder.ts";
import { Emitter } from "./scalar/emitter.ts";

/** What lane l gets from these is the value of lane l ^ 1, l ^ 2 and l ^ 3. */
const SWAPS = ["", "quadSwapX", "quadSwapY", "quadSwapDiagonal"];

/** Steps for each element, the stores included, that are written out for all of a large tile. */
const PLAIN_STEPS = 4;

/** Loop variables of rows and columns, as bits. */
const ELEMENT = 6;

/**
 * For adapters where a load costs as much as twenty multiply-adds, and reading a neighbour's register next to nothing.
 * In each round the quad goes four steps along k. Lane l has read `a` at step l; taking what lane l ^ j has read, it
 * needs `b` at step l ^ j, in its own columns. So each lane adds the four products in an order of its own.
 */
export function quadKernel(spec: DotSpec, tile: QuadTile): KernelProgram {
  const { m, n, batch } = spec;
  const { tm, tn, quads } = tile;
  const tilesM = Math.ceil(m / tm);
  const tilesN = Math.ceil(n / (4 * tn));
  const tiles = batch * tilesM * tilesN;
  const workgroups = gridOf(Math.ceil(tiles / quads));
  const emit = new Emitter(spec);
  emit.line(`let number = ${groupNumber(workgroups)} * ${quads} + i32(lane) / 4;`);
  // Lanes that swap must all be there: quads beyond the last tile repeat it, and store nothing.
  const spare = workgroups[0] * workgroups[1] * quads > tiles;
  emit.line(spare ? `let tile = min(number, ${tiles - 1});` : "let tile = number;");
  emit.line("let l0 = i32(lane) % 4;");
  emit.line("let l1 = l0 / 2 * 2 + 1 - l0 % 2;");
  emit.line("let l2 = (l0 + 2) % 4;");
  emit.line("let l3 = 3 - l0;");
  emit.line(`let tile_m = tile / ${tilesN} % ${tilesM} * ${tm};`);
  emit.line(`let tile_n = tile % ${tilesN} * ${4 * tn} + l0;`);
  emit.line(batch > 1 ? `let batch = tile / ${tilesN * tilesM};` : "let batch = 0;");
  emit.bindVariable(0, "batch");
  const rows = range(tm).map((r) => edge(emit, `m${r}`, `tile_m + ${r}`, tilesM * tm, m));
  const columns = range(tn).map((c) => edge(emit, `n${c}`, `tile_n + ${4 * c}`, tilesN * 4 * tn, n));
  const sums = rows.map((r) => columns.map((c) => `sum_${r.name}_${c.name}`));
  const type = sumType(spec);
  for (const sum of sums.flat()) emit.line(`var ${sum}: ${type} = ${literal(type, 0)};`);
  /** Adds the products of so many steps along k; the first index of a value is the step. */
  const add = (as: readonly (readonly string[])[], bs: readonly (readonly string[])[]): void => {
    sums.forEach((row, r) => {
      row.forEach((sum, c) => {
        emit.line(`${sum} += ${as.map((a, j) => `${a[r]} * ${bs[j]?.[c]}`).join(" + ")};`);
      });
    });
  };
  const valuesA = () => rows.map((r) => valueAt(emit, spec.a, 1, r.name));
  const valuesB = () => columns.map((c) => valueAt(emit, spec.b, 2, c.name));
  alongK(
    emit,
    spec.contracted,
    (bind) => {
      bind(0);
      const own = valuesA();
      const as = SWAPS.map((swap) => (swap === "" ? own : own.map((a) => named(emit, "a", `${swap}(${a})`))));
      const bs = SWAPS.map((_, j) => {
        bind(j);
        return valuesB();
      });
      add(as, bs);
    },
    () => add([valuesA()], [valuesB()]),
  );
  const within = spare ? [`number < ${tiles}`] : [];
  const behind =
    spec.steps.filter((s) => s.accumulators !== 0 || (s.variables & ELEMENT) === ELEMENT).length +
    spec.stores.length;
  let declarations = "";
  if (tm * tn <= UNROLLED_STORES || behind <= PLAIN_STEPS) {
    rows.forEach((r, x) => {
      columns.forEach((c, y) => {
        storeSum(emit, spec, r.name, c.name, sums[x]?.[y] as string, [...within, ...r.guard, ...c.guard]);
      });
    });
  } else {
    // Of the module: the driver's compiler looks for a register for each element of an array that belongs to a function.
    declarations = `var<private> sums: array<${type}, ${tm * tn}>;`;
    sums.flat().forEach((sum, i) => {
      emit.line(`sums[${i}] = ${sum};`);
    });
    emit.loop("r", tm);
    const row = edge(emit, "m", "tile_m + r", tilesM * tm, m);
    columns.forEach((c, y) => {
      const sum = named(emit, "sum", `sums[r * ${tn} + ${y}]`);
      emit.bindVariable(1, row.name);
      emit.bindVariable(2, c.name, 0);
      emit.bindAccumulator(0, sum);
      writeGuarded(emit, spec, row.name, c.name, [...within, ...row.guard, ...c.guard]);
    });
    emit.close();
  }
  return emit.kernel({ workgroups, workgroupSize: 4 * quads, declarations });
}

function named(emit: Emitter, prefix: string, expression: string): string {
  const name = emit.fresh(prefix);
  emit.line(`let ${name} = ${expression};`);
  return name;
}

/**
 * Loops over the contracted axes. `four` makes four steps at once along one of them, after `bind(j)` has put the lane
 * at the step that it takes with lane l ^ j; `one` makes a step that is left over, the same for all lanes.
 */
function alongK(
  emit: Emitter,
  extents: readonly number[],
  four: (bind: (j: number) => void) => void,
  one: () => void,
): void {
  const quad = quadAxis(extents);
  // Without an axis that is long enough, all of them are one.
  const outer = quad < 0 ? [] : range(extents.length).filter((axis) => axis !== quad && extents[axis] !== 1);
  const inner = quad < 0 ? range(extents.length) : [quad];
  const length = inner.reduce((n, axis) => n * (extents[axis] as number), 1);
  /** What takes divisions is taken from the lane whose step it is, with the bounds that compilers no longer know. */
  const swapped = (j: number, x: string, n: number) => named(emit, "k", bounded(`${SWAPS[j]}(${x})`, n - 1));
  const bindAll = (names: readonly string[]): void =>
    inner.forEach((axis, i) => {
      emit.bindVariable(3 + axis, names[i] as string);
    });
  /** Binds the axes that are one, at the step `k`, and tells where they are. */
  const at = (k: string): readonly string[] => {
    let rest = named(emit, "k", k);
    const names: string[] = [];
    for (const axis of inner.slice(1).reverse()) {
      const n = extents[axis] as number;
      names.unshift(named(emit, "k", `${rest} % ${n}`));
      rest = named(emit, "q", `${rest} / ${n}`);
    }
    bindAll([rest, ...names]);
    return [rest, ...names];
  };
  /**
   * One loop over the outer axes and `n` steps, with a counter for each: all sums are carried into a loop and out of
   * it, so that loops within loops took up to half of the time.
   */
  const loop = (n: number, body: (k: string) => void): void => {
    const sizes = [...outer.map((axis) => extents[axis] as number), n];
    const counters = sizes.map(() => emit.fresh("k"));
    const k = counters[outer.length] as string;
    const t = outer.length > 0 ? emit.fresh("t") : k;
    if (outer.length > 0) for (const each of counters) emit.line(`var ${each} = 0;`);
    emit.loop(
      t,
      sizes.reduce((a, b) => a * b),
    );
    // Read once a round: a variable is a load wherever it stands. Bounding it costs more than the clamps it would spare.
    const known = (i: number) => (t === k ? k : named(emit, "k", counters[i] as string));
    outer.forEach((axis, i) => {
      emit.bindVariable(3 + axis, known(i));
    });
    body(known(outer.length));
    if (t !== k) emit.line(`${k}++;`);
    for (let i = outer.length; i > 0; i--) {
      const [next, own] = counters.slice(i - 1);
      emit.line(`${next} = select(${next}, ${next} + 1, ${own} == ${sizes[i]});`);
      emit.line(`${own} = select(${own}, 0, ${own} == ${sizes[i]});`);
    }
    emit.close();
  };
  const rounds = Math.floor(length / 4);
  if (rounds > 0)
    loop(rounds, (k) => {
      let own: readonly string[] = [];
      four((j) => {
        if (j === 0 || inner.length === 1) own = at(`${k} * 4 + l${j}`);
        else bindAll(own.map((x, i) => swapped(j, x, extents[inner[i] as number] as number)));
      });
    });
  if (length % 4 > 0) {
    loop(length % 4, (k) => {
      at(`${k} + ${4 * rounds}`);
      one();
    });
  }
}

/** The axis that quads go along, the last that few steps of are left over from; -1 if there is none. */
function quadAxis(extents: readonly number[]): number {
  for (let axis = extents.length - 1; axis >= 0; axis--) {
    const n = extents[axis] as number;
    if (n % 4 === 0 || n >= 16) return axis;
  }
  return extents.length === 1 ? 0 : -1;
}
