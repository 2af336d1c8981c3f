import { byteSize, type DType } from "../engine/core/dtype.ts";
import { libraryFor } from "./library.ts";

/** A storage buffer of a kernel. `inout` is an output that also holds an input, updated in place. */
export interface KernelBinding {
  readonly name: string;
  readonly access: "read" | "write" | "inout";
  readonly dtype: DType;
  /** Elements. */
  readonly length: number;
}

/** What one launch costs if every operand moves once. */
export interface Cost {
  readonly flops: number;
  readonly bytes: number;
}

/** One compute entry point, ready for any device that has the features it names. */
export interface KernelProgram extends ProgramParts {
  readonly wgsl: string;
  readonly needsF16: boolean;
}

export interface ProgramParts {
  readonly name: string;
  readonly bindings: readonly KernelBinding[];
  readonly workgroups: readonly [number, number, number];
  readonly workgroupSize: number;
  readonly cost: Cost;
  /** Module-scope declarations, for instance workgroup memory. */
  readonly declarations?: string;
  /** Statements of `main`, which sees `group` (workgroup id) and `lane` (index within the workgroup). */
  readonly body: string;
}

/** No dispatch may have more groups than this along one axis, on any adapter. */
export const MAX_GROUPS = 65535;

/** Spreads `count` groups over two axes; kernels number them as `group.y * x + group.x`. */
export function gridOf(count: number): [number, number, number] {
  if (count <= MAX_GROUPS) return [count, 1, 1];
  const y = Math.ceil(count / MAX_GROUPS);
  return [Math.ceil(count / y), y, 1];
}

/** The number of this workgroup; clamped so that compilers can prove what is computed from it to be in range. */
export function groupNumber(workgroups: readonly [number, number, number]): string {
  const [x, y] = workgroups;
  const column = `min(group.x, ${x - 1}u)`;
  return y === 1 ? `i32(${column})` : `i32(min(group.y, ${y - 1}u) * ${x}u + ${column})`;
}

export const elementType = (dtype: DType): string => (dtype === "bool" ? "u32" : dtype);

/** WGSL that reads element `at` of a buffer in the type that kernels compute in. */
export function loadText(dtype: DType, buffer: string, at: string): string {
  if (dtype === "f16") return `f32(${buffer}[${at}])`;
  return dtype === "bool" ? `(${buffer}[${at}] != 0u)` : `${buffer}[${at}]`;
}

/** WGSL that writes a computed value to element `at` of a buffer. */
export function storeText(dtype: DType, buffer: string, at: string, value: string): string {
  if (dtype === "f16") return `${buffer}[${at}] = f16(${value});`;
  return dtype === "bool" ? `${buffer}[${at}] = select(0u, 1u, ${value});` : `${buffer}[${at}] = ${value};`;
}

export function program(parts: ProgramParts): KernelProgram {
  const { bindings, body, workgroupSize } = parts;
  const needsF16 = bindings.some((b) => b.dtype === "f16");
  const declarations = bindings.map((b, i) => {
    const access = b.access === "read" ? "read" : "read_write";
    return `@group(0) @binding(${i}) var<storage, ${access}> ${b.name}: array<${elementType(b.dtype)}, ${storedLength(b)}>;`;
  });
  const wgsl = [
    ...(needsF16 ? ["enable f16;"] : []),
    ...(body.includes("quadSwap") ? ["enable subgroups;"] : []),
    ...declarations,
    ...(parts.declarations ? [parts.declarations] : []),
    ...libraryFor(body),
    "",
    `@compute @workgroup_size(${workgroupSize})`,
    "fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {",
    body,
    "}",
    "",
  ].join("\n");
  return { ...parts, wgsl, needsF16 };
}

/** Elements as declared: half floats come in pairs, so that the buffer's size is a multiple of 4. */
const storedLength = (b: KernelBinding): number => (b.dtype === "f16" ? b.length + (b.length % 2) : b.length);

export const bindingBytes = (b: KernelBinding): number => byteSize(b.dtype) * storedLength(b);
