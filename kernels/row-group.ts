import { range, sizeOf } from "../engine/core/shape.ts";
import { elementType, gridOf, groupNumber, type KernelProgram, loadText, storeText } from "./program.ts";
import { beats, declareFold, foldType, isArg, mergeText, type RowElement, stepFold } from "./row-fold.ts";
import type { RowFold, RowSpec } from "./row-spec.ts";
import { Emitter } from "./scalar/emitter.ts";

/** Elements of a row that a lane loads before it adds them up, with several rows a workgroup: four wait no longer than one. */
const AT_ONCE = 4;

/** Elements of a row that a lane keeps in registers. */
const FEW = 8;

/**
 * Lanes along the row, partial results folded pairwise in workgroup memory. A workgroup may take several `columns`: rows
 * whose elements are neighbours in memory, so that its lanes go along those first and load neighbours.
 */
export function groupPerRow(spec: RowSpec): KernelProgram {
  const { rows, extents, workgroupSize, phases } = spec;
  const columns = Math.min(spec.columns, workgroupSize);
  const many = columns > 1;
  const lanes = workgroupSize / columns;
  const length = sizeOf(extents);
  const workgroups = gridOf(Math.ceil(rows / columns));
  const emit = new Emitter(spec);
  const shared: string[] = [];
  const spare = workgroups[0] * workgroups[1] * columns - rows;
  const column = many ? `lane % ${columns}u` : "0";
  const place = many ? `lane / ${columns}u` : "lane";
  emit.line(`let group_row = ${groupNumber(workgroups)}${many ? ` * ${columns} + i32(${column})` : ""};`);
  // Lanes beyond the last row repeat it, so that all of them meet every barrier, and store nothing.
  emit.line(spare > 0 ? `let row = min(group_row, ${rows - 1});` : "let row = group_row;");
  emit.bindVariable(0, "row");
  const elementAt = (round: number | string, bounded: boolean): RowElement => {
    const r = emit.fresh("r");
    emit.line(`let ${r} = ${round} * ${lanes} + i32(${place});`);
    if (bounded) emit.open(`if (${r} < ${length}) {`);
    return { bind: emit.unflatten(extents, r, 1), position: r };
  };
  // A lane with few elements has them all in the outermost block: each is loaded once for all phases, all before the first.
  const few = !(spec.keepLoops || many || length % lanes) && length <= FEW * lanes;
  const own = few && range(length / lanes).map((j) => elementAt(j, false));
  /** Over the elements of the lane's row from a round on; with several at once, bounds are looked at only in the last rounds. */
  const overRow = (together: number, body: (elements: readonly RowElement[]) => void, first = 0): void => {
    if (own) {
      body(own);
      return;
    }
    const all = length / lanes;
    const rounds = together > 1 ? Math.floor(all / together) : Math.ceil(all) - first;
    const end = first + rounds * together;
    if (rounds > 0) {
      const k = emit.fresh("k");
      emit.loop(k, rounds);
      const elements = range(together).map((j) => {
        const round = many ? `(${k} * ${together} + ${first + j})` : k;
        return elementAt(round, end > all);
      });
      body(elements);
      if (end > all) emit.close();
      emit.close();
    }
    if (end < all) overRow(1, body, end);
  };
  for (const folds of phases) {
    const names = folds.map((fold) => declareFold(emit, spec, fold));
    overRow(many ? AT_ONCE : 1, (elements) => {
      folds.forEach((fold, i) => {
        stepFold(emit, spec, fold, names[i] as string, elements);
      });
    });
    const parts = folds.map((fold, i) => ({ fold, name: names[i] as string }));
    mergeLanes(emit, spec, parts, { columns, column, shared });
    for (const { fold, name } of parts) emit.bindAccumulator(fold.ref, isArg(fold) ? `${name}_at` : name, 0);
  }
  if (spec.rowStores.length > 0) {
    const first = many ? `lane < ${columns}u` : "lane == 0u";
    emit.open(`if (${first}${spare > 0 ? ` && group_row < ${rows}` : ""}) {`);
    // Where a result takes the place of an operand, no lane reads that but the one that writes it.
    if (spec.bindings.some((b) => b.access === "inout")) emit.bindVariable(0, "row");
    emit.store(spec.rowStores);
    emit.close();
    emit.bindVariable(0, "row");
  }
  if (spec.elementStores.length > 0) {
    if (spare > 0) emit.open(`if (group_row < ${rows}) {`);
    overRow(1, (elements) => {
      for (const stored of few ? [false, true] : [true])
        for (const { bind } of elements) {
          bind();
          if (stored) emit.store(spec.elementStores);
          else for (const { value } of spec.elementStores) emit.value(value);
        }
    });
    if (spare > 0) emit.close();
  }
  return emit.kernel({ workgroups, workgroupSize, declarations: shared.join("\n") });
}

/** Leaves each fold over all lanes of a row in its `name` (and `name_at`) of each of them; all of them share the barriers. */
function mergeLanes(
  emit: Emitter,
  spec: RowSpec,
  folds: readonly { fold: RowFold; name: string }[],
  { columns, column, shared }: { columns: number; column: string; shared: string[] },
): void {
  const { workgroupSize } = spec;
  const parts = folds.map(({ fold, name }) => {
    const type = foldType(spec, fold);
    const memory = emit.fresh("partial");
    const store = (value: string) => emit.line(storeText(type, memory, "lane", value));
    const load = (at: string) => loadText(type, memory, at);
    shared.push(`var<workgroup> ${memory}: array<${elementType(type)}, ${workgroupSize}>;`);
    if (isArg(fold)) shared.push(`var<workgroup> ${memory}_at: array<i32, ${workgroupSize}>;`);
    store(name);
    if (isArg(fold)) emit.line(`${memory}_at[lane] = ${name}_at;`);
    const merge = (half: number) => {
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
        store(mergeText(fold.combine, type, a, b));
      }
    };
    const take = () => {
      emit.line(`${name} = ${load(column)};`);
      if (isArg(fold)) emit.line(`${name}_at = ${memory}_at[${column}];`);
    };
    return { merge, take };
  });
  emit.line("workgroupBarrier();");
  for (let half = workgroupSize / 2; half >= columns; half /= 2) {
    emit.open(`if (lane < ${half}u) {`);
    for (const { merge } of parts) merge(half);
    emit.close();
    emit.line("workgroupBarrier();");
  }
  for (const { take } of parts) take();
}
