import { sizeOf } from "../engine/core/shape.ts";
import { thread } from "./dot-parts.ts";
import { late } from "./late.ts";
import { gridOf, type KernelProgram } from "./program.ts";
import { declareFold, foldType, isArg, type RowElement, stepFold } from "./row-fold.ts";
import type { RowFold, RowSpec } from "./row-spec.ts";
import { Emitter } from "./scalar/emitter.ts";

/** Sums longer than this run in blocks of it, so that rounding grows with the square root of the length at most. */
const SUM_BLOCK = 64;

/** A thread a row. */
export function threadPerRow(spec: RowSpec): KernelProgram {
  const { rows, extents, workgroupSize, phases } = spec;
  const workgroups = gridOf(Math.ceil(rows / workgroupSize));
  const emit = new Emitter(spec);
  thread(emit, "row", workgroups, workgroupSize, rows);
  emit.bindVariable(0, "row");
  for (const folds of phases) {
    const names = folds.map((fold) => declareFold(emit, spec, fold));
    const blocks = blockedSums(emit, spec, folds);
    const round = openRow(emit, spec, blocks);
    round.compute(folds.map((fold) => fold.value));
    folds.forEach((fold, i) => {
      stepFold(emit, spec, fold, names[i] as string, round.elements, blocks.names[i]);
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
  readonly elements: readonly RowElement[];
  /** Writes what these steps need for all elements side by side. */
  readonly compute: (wanted: readonly number[]) => void;
}

/** Opens the loops over a row. */
function openRow(emit: Emitter, { extents, unroll, steps: program }: RowSpec, blocks: Blocks): Round {
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
    emit.loop(inner, size);
    start = `${chunk} * ${blocks.size} + ${inner} * ${steps}`;
    if (n % blocks.size !== 0) {
      // A bound that depends on the block would cost a count of rounds in 64 bits.
      emit.line(`if (${start} >= ${n}) { break; }`);
      start = `min(${start}, ${n - steps})`;
    }
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
      if (steps > 1) late.together(emit, program, wanted, last + 1, names);
    },
  };
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
