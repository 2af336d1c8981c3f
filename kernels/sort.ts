import {
  type Cost,
  gridOf,
  groupNumber,
  type KernelBinding,
  type KernelProgram,
  loadText,
  program,
} from "./program.ts";

/**
 * Stable merge sort of the positions of each row, one thread an element and no barrier. `block` 0 is the first
 * pass: each element counts its rank among its neighbours in a run of `RUN`. Later passes merge runs of `block`
 * elements two by two: an element's new place is its own rank plus how many of the other run come before it, found
 * by bisection. Bindings: keys, (order,) result.
 */
export interface SortSpec {
  readonly kind: "sort";
  readonly name: string;
  readonly bindings: readonly KernelBinding[];
  readonly rows: number;
  readonly length: number;
  readonly block: number;
  readonly workgroupSize: number;
  readonly cost: Cost;
}

/** Elements that the first pass sorts by counting. */
export const RUN = 32;

export function sortKernel(spec: SortSpec): KernelProgram {
  const { rows, length, bindings, workgroupSize } = spec;
  const total = rows * length;
  const workgroups = gridOf(Math.ceil(total / workgroupSize));
  const number = `${groupNumber(workgroups)} * ${workgroupSize} + i32(lane)`;
  const body = [
    `  if (${number} >= ${total}) { return; }`,
    `  let i = min(${number}, ${total - 1});`,
    `  let at = i % ${length};`,
    `  let base = i / ${length} * ${length};`,
    ...(spec.block === 0 ? countingPass(spec) : mergingPass(spec)),
  ].join("\n");
  return program({ name: spec.name, bindings, workgroups, workgroupSize, cost: spec.cost, body });
}

function key(spec: SortSpec, at: string): string {
  const { dtype, name } = spec.bindings[0] as KernelBinding;
  const value = loadText(dtype, name, at);
  if (dtype === "i32") return `sort_key_i(${value})`;
  return dtype === "u32" ? value : `sort_key_f(${value})`;
}

function countingPass(spec: SortSpec): string[] {
  const result = (spec.bindings[1] as KernelBinding).name;
  return [
    `  let first = at - at % ${RUN};`,
    `  let mine = ${key(spec, "base + at")};`,
    "  var rank = first;",
    `  for (var k = 0; k < ${RUN}; k++) {`,
    "    let other = first + k;",
    `    if (other < ${spec.length} && other != at) {`,
    `      let theirs = ${key(spec, `base + min(other, ${spec.length - 1})`)};`,
    "      if (theirs < mine || (theirs == mine && other < at)) { rank++; }",
    "    }",
    "  }",
    `  ${result}[base + rank] = at;`,
  ];
}

function mergingPass(spec: SortSpec): string[] {
  const { block, length } = spec;
  const order = (spec.bindings[1] as KernelBinding).name;
  const result = (spec.bindings[2] as KernelBinding).name;
  const steps = Math.ceil(Math.log2(block)) + 1;
  return [
    `  let run = at / ${block};`,
    "  let left = (run & 1) == 0;",
    `  let first = (run - (run & 1)) * ${block};`,
    `  let sibling = select(first, first + ${block}, left);`,
    `  let sibling_end = min(sibling + ${block}, ${length});`,
    `  let source = ${order}[base + at];`,
    `  let mine = ${key(spec, "base + source")};`,
    `  var low = min(sibling, ${length});`,
    "  var high = max(sibling_end, low);",
    `  for (var k = 0; k < ${steps}; k++) {`,
    "    if (low < high) {",
    "      let middle = (low + high) / 2;",
    `      let theirs = ${key(spec, `base + ${order}[base + middle]`)};`,
    // Equal keys of the left run come first.
    "      let before = theirs < mine || (theirs == mine && !left);",
    "      low = select(low, middle + 1, before);",
    "      high = select(middle, high, before);",
    "    }",
    "  }",
    `  let own = at - run * ${block};`,
    `  ${result}[base + first + own + low - min(sibling, ${length})] = source;`,
  ];
}
