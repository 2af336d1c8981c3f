import { sizeOf } from "../engine/core/shape.ts";
import { gridOf, groupNumber, type KernelProgram } from "./program.ts";
import { beats, declareFold, foldType, isArg, mergeText, type RowElement, stepFold } from "./row-fold.ts";
import type { RowFold, RowSpec } from "./row-spec.ts";
import { Emitter } from "./scalar/emitter.ts";

/** Lanes along the row, partial results folded pairwise in workgroup memory. */
export function groupPerRow(spec: RowSpec): KernelProgram {
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
  const overRow = (body: (element: RowElement) => void): void => {
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
    body({ bind: () => {}, position: r });
    if (length % lanes !== 0) emit.close();
    emit.close();
  };
  for (const folds of phases) {
    const names = folds.map((fold) => declareFold(emit, spec, fold));
    overRow((element) => {
      folds.forEach((fold, i) => {
        stepFold(emit, spec, fold, names[i] as string, [element]);
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
