import type { Combine, RowFold, RowSpec } from "./row-spec.ts";
import { literal, type ScalarType, scalarType } from "./scalar/builder.ts";
import type { Emitter } from "./scalar/emitter.ts";

// How elements and partial results of a row are folded.

const identityOf = (combine: Combine, type: ScalarType): string => {
  if (combine === "sum") return literal(type, 0);
  if (combine === "prod") return literal(type, 1);
  const low = combine === "max" || combine === "argmax";
  if (type === "f32") return literal(type, low ? -Infinity : Infinity);
  if (type === "u32") return literal(type, low ? 0 : 0xffffffff);
  if (type === "bool") return low ? "false" : "true";
  return literal(type, low ? -2147483648 : 2147483647);
};

export function mergeText(combine: Combine, type: ScalarType, a: string, b: string): string {
  if (combine === "sum") return `${a} + ${b}`;
  if (combine === "prod") return `${a} * ${b}`;
  if (type === "bool") return combine === "max" ? `${a} || ${b}` : `${a} && ${b}`;
  const name = combine === "max" ? "max" : "min";
  return type === "f32" ? `${name}_or_nan(${a}, ${b})` : `${name}(${a}, ${b})`;
}

/** Whether candidate `b` takes the place of `a` in an argmax or argmin: better, or the first NaN. */
export function beats(combine: Combine, type: ScalarType, b: string, a: string): string {
  // Booleans have no order in WGSL.
  if (type === "bool") return combine === "argmax" ? `(${b} & !${a})` : `(!${b} & ${a})`;
  const better = `${b} ${combine === "argmax" ? ">" : "<"} ${a}`;
  return type === "f32" ? `((${better}) | (is_nan(${b}) & !is_nan(${a})))` : `(${better})`;
}

export const isArg = (fold: RowFold): boolean => fold.combine === "argmax" || fold.combine === "argmin";

/** The type a fold compares or adds in, which for argmax is not that of its result. */
export const foldType = (spec: RowSpec, fold: RowFold): ScalarType =>
  spec.steps[fold.value]?.type ?? scalarType(fold.dtype);

/** An element of the row that a round of a loop takes. */
export interface RowElement {
  /** Puts the loop variables at it. */
  readonly bind: () => void;
  /** Its row-major place within the row. */
  readonly position: string;
}

/** Declares what a fold starts from; its name, of which `_at` is the place of an argmax. */
export function declareFold(emit: Emitter, spec: RowSpec, fold: RowFold): string {
  const name = emit.fresh("acc");
  const type = foldType(spec, fold);
  emit.line(`var ${name}: ${type} = ${identityOf(fold.combine, type)};`);
  if (isArg(fold)) emit.line(`var ${name}_at: i32 = -1;`);
  return name;
}

/** Takes elements into a fold, or into a part of it that is added later. */
export function stepFold(
  emit: Emitter,
  spec: RowSpec,
  fold: RowFold,
  name: string,
  elements: readonly RowElement[],
  part?: string,
): void {
  const type = foldType(spec, fold);
  const valueAt = (element: RowElement): string => {
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
