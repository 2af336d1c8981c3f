import { bufferBytes } from "../core/dtype.ts";
import { DeviceLimitError } from "../core/errors.ts";
import type { Profile } from "../core/profile.ts";
import { sizeOf } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import type {
  Place,
  Plan,
  PlanBlock,
  PlanCopy,
  PlanOutput,
  PlanResult,
  PlanStep,
  PlanValue,
} from "../ir/plan.ts";
import type { Cluster } from "./cluster.ts";
import { type FusedProgram, isGiven, partsOf, sourcesOf } from "./fused-program.ts";
import { overwritten } from "./in-place.ts";
import type { Lowered, Operand } from "./lower/lowered.ts";
import { lowerCluster } from "./lower.ts";
import { type Lease, planPools } from "./memory.ts";
import type { Program } from "./program.ts";

/** A buffer, or the part of one, that holds a value: the value it was made for, and how far in. */
interface Spot {
  readonly root: Operand;
  readonly offset: number;
}

/** Pass: decides which buffer each value lies in, and writes the kernels. */
export function place(fused: FusedProgram, wanted: Program, profile: Profile): Plan {
  return new Placing(fused, wanted, profile).run();
}

const bytesOf = (x: Operand): number => bufferBytes(x.dtype, sizeOf(x.shape));

class Placing {
  readonly #inPlace: Map<GraphNode, GraphNode>;
  readonly #inputs: Map<Operand, number>;
  readonly #outputs = new Map<Operand, number>();
  /** Where the parts of flat values lie. */
  readonly #parts = new Map<Operand, Spot>();
  readonly #lives = new Map<Operand, { first: number; last: number }>();
  readonly #conflicts = new Map<Operand, Set<Operand>>();
  readonly #written = new Set<GraphNode>();
  readonly #blocks: PlanBlock[] = [];
  readonly #blockOf = new Map<Operand, number>();
  readonly #copied: { input: number; spot: Spot; bytes: number }[] = [];

  readonly #fused: FusedProgram;
  readonly #wanted: Program;
  readonly #profile: Profile;

  constructor(fused: FusedProgram, wanted: Program, profile: Profile) {
    this.#fused = fused;
    this.#wanted = wanted;
    this.#profile = profile;
    this.#inPlace = new Map(fused.clusters.flatMap((c) => [...overwritten(fused, c)]));
    this.#inputs = new Map(wanted.inputs.map((x, i) => [x, i]));
    wanted.outputs.forEach((x, i) => {
      if (!this.#outputs.has(x) && !this.#inputs.has(x) && sizeOf(x.shape) > 0) this.#outputs.set(x, i);
    });
    this.#placeFlats();
  }

  run(): Plan {
    const { values, steps } = this.#writeKernels();
    const { leases, pools } = this.#leasePools();
    const placeOf = (x: Operand): Place => this.#placeOf(x, leases);
    const numbers = new Map(values.map((x, i) => [x, i]));
    const placed = values.map(
      (x): PlanValue => ({
        dtype: x.dtype,
        shape: x.shape,
        bytes: bytesOf(x),
        place: placeOf(x),
        op: "scratch" in x ? "scratch" : x.op,
      }),
    );
    const outputs = this.#wanted.outputs.map((x): PlanOutput => {
      const spot = this.#spotOf(x);
      const block = this.#blockOf.get(spot.root);
      if (block !== undefined && !isGiven(x)) return { kind: "block", block, offset: spot.offset };
      const input = this.#inputs.get(spot.root);
      if (input !== undefined) return { kind: "input", index: input, updated: this.#inPlace.has(x) };
      return { kind: "value", value: numbers.get(x) ?? -1 };
    });
    const copies = this.#copied.map(({ input, spot, bytes }): PlanCopy => {
      const lease = leases.get(spot.root) as Lease;
      return { input, pool: lease.pool, offset: lease.offset + spot.offset, bytes };
    });
    const inputs = this.#wanted.inputs.map((x) => numbers.get(x) ?? null);
    const given = this.#wanted.inputs;
    return { values: placed, steps, inputs, outputs, pools, blocks: this.#blocks, copies, given };
  }

  /** Lays flat values out: in a block if they are results of the program, else in a pool. */
  #placeFlats(): void {
    for (const [flat, { segments, length }] of this.#fused.flats) {
      const old = this.#inPlace.get(flat);
      if (old && this.#blockOf.has(old)) {
        for (const s of segments) this.#parts.set(s.node, { root: old, offset: s.offset });
        continue;
      }
      const successor = [...this.#inPlace].find(([, replaced]) => replaced === flat)?.[0];
      const results = this.#fused.flats.get(successor ?? flat)?.segments ?? [];
      if (!results.some((s) => this.#outputs.has(s.node))) {
        this.#placeInPool(flat, segments);
        continue;
      }
      this.#blockOf.set(flat, this.#blocks.length);
      this.#blocks.push({
        bytes: bufferBytes(flat.dtype, length),
        segments: segments.map((s, i) => ({
          offset: s.offset,
          bytes: bytesOf(s.node),
          input: this.#inputs.get(s.node) ?? null,
          output: this.#outputs.get(results[i]?.node as GraphNode) ?? null,
        })),
      });
      for (const s of segments) this.#parts.set(s.node, { root: flat, offset: s.offset });
    }
  }

  #placeInPool(flat: GraphNode, segments: readonly { node: GraphNode; offset: number }[]): void {
    for (const { node, offset } of segments) {
      const input = this.#inputs.get(node);
      const spot = { root: flat, offset };
      if (input === undefined) this.#parts.set(node, spot);
      else this.#copied.push({ input, spot, bytes: bytesOf(node) });
    }
    // Copies are made before the first kernel.
    if (segments.some((s) => this.#inputs.has(s.node))) this.#lives.set(flat, { first: 0, last: 0 });
  }

  #spotOf(x: Operand): Spot {
    const part = this.#parts.get(x);
    if (part) return part;
    const old = this.#inPlace.get(x as GraphNode);
    return old ? this.#spotOf(old) : { root: x, offset: 0 };
  }

  #placeOf(x: Operand, leases: ReadonlyMap<Operand, Lease>): Place {
    const { root, offset } = this.#spotOf(x);
    const block = this.#blockOf.get(root);
    if (block !== undefined) return { kind: "block", block, offset };
    const lease = leases.get(root);
    if (lease) return { kind: "pool", pool: lease.pool, offset: lease.offset + offset };
    const input = this.#inputs.get(root);
    if (input !== undefined) return { kind: "input", index: input };
    return { kind: "output", index: this.#outputs.get(root) as number };
  }

  /** The intermediate result that lay first where `x` lies: all that take each other's place have its number. */
  #firstIn(x: Operand): Operand {
    const old = this.#inPlace.get(x as GraphNode);
    return old && this.#fused.owner.has(old) ? this.#firstIn(old) : x;
  }

  #writeKernels(): { values: Operand[]; steps: PlanStep[] } {
    const fused = this.#fused;
    const profile = this.#profile;
    const numbers = new Map<Operand, number>();
    const values: Operand[] = [];
    const steps: PlanStep[] = [];
    const add = (kernel: Lowered, cluster: Cluster, last: boolean): void => {
      const { program } = kernel;
      checkLimits(kernel, profile, program.name);
      const bound = kernel.operands.map((x, i) => ({ x, write: program.bindings[i]?.access !== "read" }));
      this.#live(bound, steps.length);
      steps.push({
        program,
        values: bound.map(({ x }) => {
          const first = this.#firstIn(x);
          const number = numbers.get(first) ?? values.push(first) - 1;
          numbers.set(first, number);
          return number;
        }),
        ops: [...new Set(cluster.members.map((m) => m.op))],
        notes: cluster.notes,
        reads: sourcesOf(fused, cluster),
        results: last ? this.#resultsOf(cluster, numbers) : [],
      });
    };
    for (const c of fused.clusters) {
      const kernels = lowerCluster(fused, c, profile, this.#inPlace);
      kernels.forEach((kernel, i) => {
        add(kernel, c, i === kernels.length - 1);
      });
    }
    return { values, steps };
  }

  /** The nodes that a cluster writes, and in which value each lies: its own, or that of the input it replaces. */
  #resultsOf(c: Cluster, numbers: ReadonlyMap<Operand, number>): PlanResult[] {
    for (const x of c.outputs) this.#written.add(x);
    return c.outputs.flatMap((x) => {
      const whole = this.#fused.parts.get(x)?.whole;
      if (whole && !partsOf(this.#fused, whole).every((part) => this.#written.has(part))) return [];
      if (whole) return [{ node: whole, value: numbers.get(whole) as number, offset: 0 }];
      const value =
        numbers.get(this.#firstIn(x)) ?? (numbers.get(this.#inPlace.get(x) as GraphNode) as number);
      const parts = this.#fused.flats.get(x)?.segments ?? [{ node: x, offset: 0 }];
      return parts.map(({ node, offset }) => ({ node, value, offset }));
    });
  }

  /** Notes who is alive during a dispatch, and who must not share a buffer because of it. */
  #live(bound: readonly { x: Operand; write: boolean }[], step: number): void {
    const roots = bound.map(({ x, write }) => ({ root: this.#spotOf(x).root, write }));
    for (const { root } of roots) {
      const life = this.#lives.get(root);
      if (life) life.last = step;
      else this.#lives.set(root, { first: step, last: step });
    }
    for (const a of roots) {
      if (!a.write) continue;
      for (const b of roots)
        if (!b.write && b.root !== a.root)
          for (const [x, y] of [
            [a.root, b.root],
            [b.root, a.root],
          ] as const)
            this.#conflicts.set(x, (this.#conflicts.get(x) ?? new Set()).add(y));
    }
  }

  #leasePools(): { leases: Map<Operand, Lease>; pools: readonly number[] } {
    const mine = [...this.#lives].filter(
      ([x]) => !this.#inputs.has(x) && !this.#outputs.has(x) && !this.#blockOf.has(x),
    );
    const tenants = mine.map(([x, life]) => ({ bytes: bytesOf(x), ...life }));
    const conflict = (a: number, b: number): boolean =>
      this.#conflicts.get(mine[a]?.[0] as Operand)?.has(mine[b]?.[0] as Operand) ?? false;
    const { leases, pools } = planPools(tenants, conflict, this.#profile.maxBufferBytes);
    return { leases: new Map(mine.map(([x], i) => [x, leases[i] as Lease])), pools };
  }
}

function checkLimits(kernel: Lowered, profile: Profile, name: string): void {
  for (const x of kernel.operands) {
    const bytes = bytesOf(x);
    const what = `${"scratch" in x ? name : x.op} (${x.dtype}[${x.shape.join(",")}])`;
    if (bytes > profile.maxBindingBytes) {
      throw new DeviceLimitError(
        what,
        "maxStorageBufferBindingSize",
        bytes,
        profile.maxBindingBytes,
        "a smaller batch, or slices of it",
      );
    }
    if (x.dtype === "f16" && !profile.f16)
      throw new DeviceLimitError(what, "shader-f16", 1, 0, 'x.cast("f32")');
  }
}
