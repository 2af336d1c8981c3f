import type { DType } from "../engine/core/dtype.ts";
import { sizeOf } from "../engine/core/shape.ts";
import { gridOf, groupNumber, type KernelProgram } from "./program.ts";
import { literal, type ScalarType, scalarType } from "./scalar/builder.ts";
import { Emitter } from "./scalar/emitter.ts";
import type { LoopSpec, Store } from "./spec.ts";

export type Combine = "sum" | "prod" | "max" | "min" | "argmax" | "argmin";

/** One fold over the row. Its result is accumulator `ref` of the scalar program. */
export interface RowFold {
  readonly ref: number;
  readonly combine: Combine;
  readonly dtype: DType;
  readonly value: number;
}

/**
 * Reductions over a row and the elementwise work around them. Variable 0 is the row; variables 1.. run over the
 * row, one for each stretch of `extents`. Each phase is one pass over the row; later phases and stores may use the
 * accumulators of earlier ones. `rowStores` happen once a row, `elementStores` once an element, in a last pass.
 */
export interface RowSpec extends LoopSpec {
  readonly kind: "row";
  readonly rows: number;
  readonly extents: readonly number[];
  readonly phases: readonly (readonly RowFold[])[];
  readonly rowStores: readonly Store[];
  readonly elementStores: readonly Store[];
  /** One thread a row, or one workgroup a row with its lanes along the row. */
  readonly lanes: "rows" | "elements";
  /** Elements at most that a thread with a row of its own takes in one round of its loops. */
  readonly unroll: number;
  readonly workgroupSize: number;
}

/** Sums longer than this run in blocks of it, so that rounding grows with the square root of the length at most. */
const SUM_BLOCK = 64;

export function rowKernel(spec: RowSpec): KernelProgram {
  return spec.lanes === "rows" ? threadPerRow(spec) : groupPerRow(spec);
}

const identityOf = (combine: Combine, type: ScalarType): string => {
  if (combine === "sum") return literal(type, 0);
  if (combine === "prod") return literal(type, 1);
  const low = combine === "max" || combine === "argmax";
  if (type === "f32") return literal(type, low ? -Infinity : Infinity);
  if (type === "u32") return literal(type, low ? 0 : 0xffffffff);
  if (type === "bool") return low ? "false" : "true";
  return literal(type, low ? -2147483648 : 2147483647);
};

function mergeText(combine: Combine, type: ScalarType, a: string, b: string): string {
  if (combine === "sum") return `${a} + ${b}`;
  if (combine === "prod") return `${a} * ${b}`;
  if (type === "bool") return combine === "max" ? `${a} || ${b}` : `${a} && ${b}`;
  const name = combine === "max" ? "max" : "min";
  return type === "f32" ? `${name}_or_nan(${a}, ${b})` : `${name}(${a}, ${b})`;
}

/** Whether candidate `b` takes the place of `a` in an argmax or argmin: better, or the first NaN. */
function beats(combine: Combine, type: ScalarType, b: string, a: string): string {
  // Booleans have no order in WGSL.
  if (type === "bool") return combine === "argmax" ? `(${b} & !${a})` : `(!${b} & ${a})`;
  const better = `${b} ${combine === "argmax" ? ">" : "<"} ${a}`;
  return type === "f32" ? `((${better}) | (is_nan(${b}) & !is_nan(${a})))` : `(${better})`;
}

const isArg = (fold: RowFold): boolean => fold.combine === "argmax" || fold.combine === "argmin";

/** The type a fold compares or adds in, which for argmax is not that of its result. */
const foldType = (spec: RowSpec, fold: RowFold): ScalarType =>
  spec.steps[fold.value]?.type ?? scalarType(fold.dtype);

function threadPerRow(spec: RowSpec): KernelProgram {
  const { rows, extents, workgroupSize, phases } = spec;
  const workgroups = gridOf(Math.ceil(rows / workgroupSize));
  const emit = new Emitter(spec);
  emit.line(`let row = ${groupNumber(workgroups)} * ${workgroupSize} + i32(lane);`);
  if (workgroups[0] * workgroups[1] * workgroupSize !== rows) emit.line(`if (row >= ${rows}) { return; }`);
  emit.bindVariable(0, "row");
  for (const folds of phases) {
    const names = folds.map((fold) => declareFold(emit, spec, fold));
    const blocks = blockedSums(emit, spec, folds);
    const round = openRow(emit, spec, blocks);
    round.compute(folds.map((fold) => fold.value));
    folds.forEach((fold, i) => {
      stepFold(emit, spec, fold, names[i] as string, round, blocks.names[i]);
    });
    closeRow(emit, extents, blocks, folds, names);
    folds.forEach((fold, i) => {
      emit.bindAccumulator(fold.ref, isArg(fold) ? `${names[i]}_at` : (names[i] as string), 0);
    });
  }
  emit.store(spec.rowStores);
  if (spec.elementStores.length > 0) {
    const none = { size: 0, names: [] };
    const round = openRow(emit, spec, none);
    round.compute(spec.elementStores.flatMap((store) => [store.value, store.at]));
    for (const element of round.elements) {
      element.bind();
      emit.store(spec.elementStores);
    }
    closeRow(emit, extents, none, [], []);
  }
  return emit.kernel({ workgroups, workgroupSize });
}

function declareFold(emit: Emitter, spec: RowSpec, fold: RowFold): string {
  const name = emit.fresh("acc");
  const type = foldType(spec, fold);
  emit.line(`var ${name}: ${type} = ${identityOf(fold.combine, type)};`);
  if (isArg(fold)) emit.line(`var ${name}_at: i32 = -1;`);
  return name;
}

interface Blocks {
  /** Elements of the innermost loop that are summed on their own; 0 where no sum needs it. */
  readonly size: number;
  readonly names: readonly (string | undefined)[];
}

function blockedSums(emit: Emitter, spec: RowSpec, folds: readonly RowFold[]): Blocks {
  const length = sizeOf(spec.extents);
  const long = (fold: RowFold) =>
    fold.combine === "sum" && foldType(spec, fold) === "f32" && length > 4 * SUM_BLOCK;
  if (!folds.some(long)) return { size: 0, names: [] };
  return { size: SUM_BLOCK, names: folds.map((fold) => (long(fold) ? emit.fresh("part") : undefined)) };
}

/** What one round of the innermost loop over a row takes. */
interface Round {
  readonly elements: readonly {
    /** Puts the loop variables at the element. */
    readonly bind: () => void;
    /** Its row-major place within the row. */
    readonly position: string;
  }[];
  /** Writes what these steps need for all elements side by side. */
  readonly compute: (wanted: readonly number[]) => void;
}

/** Opens the loops over a row. */
function openRow(emit: Emitter, { extents, unroll }: RowSpec, blocks: Blocks): Round {
  let outer = "";
  const last = extents.length - 1;
  const at = (name: string, n: number) => (outer === "" ? name : `(${outer} * ${n} + ${name})`);
  if (last < 0) return { elements: [{ bind: () => {}, position: "0" }], compute: () => {} };
  for (const [i, n] of extents.slice(0, last).entries()) {
    const r = emit.fresh("r");
    emit.loop(r, n);
    emit.bindVariable(i + 1, r);
    outer = at(r, n);
  }
  const n = extents[last] as number;
  const r = emit.fresh("r");
  for (const part of blocks.names) if (part) emit.line(`var ${part}: f32 = 0.0f;`);
  // Blocks hold a power of two.
  const steps = (blocks.size > 0 ? [4, 2] : [4, 5, 3, 2]).find((u) => u <= unroll && n % u === 0) ?? 1;
  let start = r;
  if (blocks.size > 0 && n > blocks.size) {
    const chunk = emit.fresh("c");
    const size = blocks.size / steps;
    emit.loop(chunk, Math.ceil(n / blocks.size));
    for (const part of blocks.names) if (part) emit.line(`${part} = 0.0f;`);
    const inner = emit.fresh("k");
    const whole = n % blocks.size === 0;
    const bound = whole ? `${size}` : `min(${size}, ${n / steps} - ${chunk} * ${size})`;
    emit.loop(inner, bound);
    start = `${chunk} * ${blocks.size} + ${steps === 1 ? inner : `${inner} * ${steps}`}`;
    if (steps === 1) emit.line(`let ${r} = ${start};`);
  } else {
    const inner = steps === 1 ? r : emit.fresh("k");
    emit.loop(inner, n / steps);
    start = `${inner} * ${steps}`;
  }
  const names = Array.from({ length: steps }, () => (steps === 1 ? r : emit.fresh("r")));
  if (steps > 1) {
    names.forEach((name, j) => {
      emit.line(`let ${name} = ${start} + ${j};`);
    });
  }
  const { depth } = emit;
  const bind = (name: string) => emit.bindVariable(last + 1, name, depth);
  bind(names[0] as string);
  return {
    elements: names.map((name) => ({ bind: () => bind(name), position: at(name, n) })),
    compute: (wanted) => {
      if (steps > 1) emit.together(wanted, last + 1, names);
    },
  };
}

function stepFold(
  emit: Emitter,
  spec: RowSpec,
  fold: RowFold,
  name: string,
  { elements }: Pick<Round, "elements">,
  part?: string,
): void {
  const type = foldType(spec, fold);
  const valueAt = (element: Round["elements"][number]): string => {
    element.bind();
    return emit.value(fold.value);
  };
  if (isArg(fold)) {
    for (const element of elements) {
      const value = valueAt(element);
      const better = `(${name}_at < 0) | ${beats(fold.combine, type, value, name)}`;
      emit.line(`if (${better}) { ${name} = ${value}; ${name}_at = ${element.position}; }`);
    }
    return;
  }
  // In pairs, so that few of them wait for each other.
  let values = elements.map(valueAt);
  while (values.length > 1) {
    const pairs: string[] = [];
    for (let i = 0; i + 1 < values.length; i += 2) {
      const pair = emit.fresh("v");
      emit.line(
        `let ${pair} = ${mergeText(fold.combine, type, values[i] as string, values[i + 1] as string)};`,
      );
      pairs.push(pair);
    }
    values = values.length % 2 === 1 ? [...pairs, values.at(-1) as string] : pairs;
  }
  const target = part ?? name;
  emit.line(`${target} = ${mergeText(fold.combine, type, target, values[0] as string)};`);
}

function closeRow(
  emit: Emitter,
  extents: readonly number[],
  blocks: Blocks,
  folds: readonly RowFold[],
  names: readonly string[],
): void {
  const flush = () => {
    folds.forEach((_, i) => {
      if (blocks.names[i]) emit.line(`${names[i]} = ${names[i]} + ${blocks.names[i]};`);
    });
  };
  const n = extents[extents.length - 1] ?? 1;
  for (let i = 0; i < extents.length; i++) {
    emit.close();
    if (i > 0 || blocks.size === 0) continue;
    flush();
    if (n > blocks.size) emit.close();
  }
}

/** Lanes along the row, partial results folded pairwise in workgroup memory. */
function groupPerRow(spec: RowSpec): KernelProgram {
  const { rows, extents, workgroupSize: lanes, phases } = spec;
  const length = sizeOf(extents);
  const workgroups = gridOf(rows);
  const emit = new Emitter(spec);
  const shared: string[] = [];
  const spare = workgroups[0] * workgroups[1] - rows;
  emit.line(`let group_row = ${groupNumber(workgroups)};`);
  // Groups beyond the last row repeat it, so that all of them meet every barrier, and store nothing.
  emit.line(spare > 0 ? `let row = min(group_row, ${rows - 1});` : "let row = group_row;");
  emit.bindVariable(0, "row");
  const overRow = (body: (round: Pick<Round, "elements">) => void): void => {
    const k = emit.fresh("k");
    const r = emit.fresh("r");
    emit.loop(k, Math.ceil(length / lanes));
    emit.line(`let ${r} = ${k} * ${lanes} + i32(lane);`);
    if (length % lanes !== 0) emit.open(`if (${r} < ${length}) {`);
    let rest = r;
    for (let i = extents.length - 1; i >= 0; i--) {
      const n = extents[i] as number;
      const name = emit.fresh("x");
      emit.line(`let ${name} = ${i === 0 ? rest : `${rest} % ${n}`};`);
      if (i > 0) rest = `(${rest} / ${n})`;
      emit.bindVariable(i + 1, name);
    }
    body({ elements: [{ bind: () => {}, position: r }] });
    if (length % lanes !== 0) emit.close();
    emit.close();
  };
  for (const folds of phases) {
    const names = folds.map((fold) => declareFold(emit, spec, fold));
    overRow((round) => {
      folds.forEach((fold, i) => {
        stepFold(emit, spec, fold, names[i] as string, round);
      });
    });
    folds.forEach((fold, i) => {
      const name = names[i] as string;
      mergeLanes(emit, spec, fold, name, lanes, shared);
      emit.bindAccumulator(fold.ref, isArg(fold) ? `${name}_at` : name, 0);
    });
  }
  if (spec.rowStores.length > 0) {
    emit.open(spare > 0 ? `if (lane == 0u && group_row < ${rows}) {` : "if (lane == 0u) {");
    emit.store(spec.rowStores);
    emit.close();
  }
  if (spec.elementStores.length > 0) {
    if (spare > 0) emit.open(`if (group_row < ${rows}) {`);
    overRow(() => emit.store(spec.elementStores));
    if (spare > 0) emit.close();
  }
  return emit.kernel({ workgroups, workgroupSize: lanes, declarations: shared.join("\n") });
}

/** Leaves the fold over all lanes in `name` (and `name_at`) of every lane. */
function mergeLanes(
  emit: Emitter,
  spec: RowSpec,
  fold: RowFold,
  name: string,
  lanes: number,
  shared: string[],
): void {
  const type = foldType(spec, fold);
  const stored = type === "bool" ? "u32" : type;
  const memory = emit.fresh("partial");
  const store = (value: string) => (type === "bool" ? `select(0u, 1u, ${value})` : value);
  const load = (at: string) => (type === "bool" ? `(${memory}[${at}] != 0u)` : `${memory}[${at}]`);
  shared.push(`var<workgroup> ${memory}: array<${stored}, ${lanes}>;`);
  if (isArg(fold)) shared.push(`var<workgroup> ${memory}_at: array<i32, ${lanes}>;`);
  emit.line(`${memory}[lane] = ${store(name)};`);
  if (isArg(fold)) emit.line(`${memory}_at[lane] = ${name}_at;`);
  emit.line("workgroupBarrier();");
  for (let half = lanes / 2; half >= 1; half /= 2) {
    emit.open(`if (lane < ${half}u) {`);
    const a = emit.fresh("a");
    const b = emit.fresh("b");
    emit.line(`let ${a} = ${load("lane")};`);
    emit.line(`let ${b} = ${load(`lane + ${half}u`)};`);
    if (isArg(fold)) {
      const ia = `${memory}_at[lane]`;
      const ib = `${memory}_at[lane + ${half}u]`;
      const tie = type === "f32" ? `(${b} == ${a} || (is_nan(${b}) && is_nan(${a})))` : `${b} == ${a}`;
      const taken = `${ib} >= 0 && (${ia} < 0 || ${beats(fold.combine, type, b, a)} || (${tie} && ${ib} < ${ia}))`;
      emit.line(`if (${taken}) { ${memory}[lane] = ${b}; ${ia} = ${ib}; }`);
    } else {
      emit.line(`${memory}[lane] = ${store(mergeText(fold.combine, type, a, b))};`);
    }
    emit.close();
    emit.line("workgroupBarrier();");
  }
  emit.line(`${name} = ${load("0")};`);
  if (isArg(fold)) emit.line(`${name}_at = ${memory}_at[0];`);
}
