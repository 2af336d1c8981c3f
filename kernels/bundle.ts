import { gridOf, type KernelBinding, type KernelProgram, program } from "./program.ts";

/** Bytes of workgroup memory that every adapter has; WGSL allows half of that for what each thread has of its own. */
const WORKGROUP_BYTES = 16384;

/** A kernel of a bundle, and which binding of the bundle each of its own is. */
export interface BundlePart {
  readonly program: KernelProgram;
  readonly numbers: readonly number[];
}

/**
 * Several kernels in one launch: each takes the workgroups behind those of the one before. None may need what another
 * one writes. Null if their workgroups differ in size or take too much memory together.
 */
export function bundleKernel(
  parts: readonly BundlePart[],
  bindings: readonly KernelBinding[],
): KernelProgram | null {
  const programs = parts.map((p) => p.program);
  const [first] = programs as [KernelProgram];
  const declarations = programs.map(({ declarations = "" }, i) => renamed(declarations, declarations, i));
  const memory = [...declarations.join().matchAll(/<(.).*?(vec4.)?, (\d+)>;/g)].reduce(
    (n, [, space, vector, size]) => n + (vector ? 16 : 4) * (space === "p" ? 2 : 1) * Number(size),
    0,
  );
  if (programs.some((p) => p.workgroupSize !== first.workgroupSize) || memory > WORKGROUP_BYTES) return null;
  const sizes = programs.map(({ workgroups: [x, y] }) => x * y);
  const grid = gridOf(sizes.reduce((a, b) => a + b, 0));
  let start = 0;
  const branches = parts.map(({ program: { body, workgroups, declarations = "" }, numbers }, i) => {
    const [x, y] = workgroups;
    const at = `(launched - ${start}u)`;
    start += sizes[i] as number;
    const group = y === 1 ? `vec3u(${at}, 0u, 0u)` : `vec3u(${at} % ${x}u, ${at} / ${x}u, 0u)`;
    const own = renamed(body, declarations, i).replace(
      /\b(?:in|out|io)(\d+)\b/g,
      (_, n) => (bindings[numbers[Number(n)] as number] as KernelBinding).name,
    );
    return `if (launched < ${start}u) {\n  let group = ${group};\n${own}\n}`;
  });
  return program({
    name: `bundle_of_${parts.length}_${first.name}`,
    bindings,
    workgroups: grid,
    workgroupSize: first.workgroupSize,
    cost: {
      flops: programs.reduce((n, p) => n + p.cost.flops, 0),
      bytes: programs.reduce((n, p) => n + p.cost.bytes, 0),
    },
    declarations: declarations.join("\n"),
    body: `let launched = group.y * ${grid[0]}u + group.x;\n${branches.join(" else ")}`,
  });
}

/** Workgroup memory of part `i` under names of its own. */
const renamed = (text: string, declarations: string, i: number): string =>
  [...declarations.matchAll(/> (\w+):/g)].reduce(
    (t, [, name]) => t.replace(new RegExp(`\\b${name}\\b`, "g"), `${name}_of${i}`),
    text,
  );
