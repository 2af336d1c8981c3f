import { bundleKernel } from "../../kernels/bundle.ts";
import { extraSteps } from "../../kernels/dot-parts.ts";
import { emitKernel, type KernelSpec } from "../../kernels/kernel.ts";
import type { Store } from "../../kernels/map.ts";
import { type Cost, type KernelBinding, type KernelProgram, keepLoops } from "../../kernels/program.ts";
import type { RowFold } from "../../kernels/row.ts";
import { ScalarBuilder, type Step, scalarType } from "../../kernels/scalar/builder.ts";
import { constantIndex, type IndexExpr, samePosition } from "../../kernels/scalar/index-algebra.ts";
import { RUN } from "../../kernels/sort.ts";
import { byteSize, type DType } from "../core/dtype.ts";
import type { Profile } from "../core/profile.ts";
import { dim, sizeOf } from "../core/shape.ts";
import type { AttentionParams } from "../ir/attention.ts";
import { dotLayout } from "../ir/dot-layout.ts";
import type { GraphNode } from "../ir/node.ts";
import type { DotAxes, InlineContext } from "../ir/primitive.ts";
import { type Cluster, type ClusterKind, dotDomain } from "./cluster.ts";
import { type FusedProgram, isGiven, readsOf } from "./fused-program.ts";
import { attentionParts } from "./lower-attention.ts";
import {
  chooseDotTile,
  ELEMENTWISE_GROUP,
  elementsAtOnce,
  elementwiseBlock,
  MANY,
  rowLanes,
} from "./tiles.ts";

/** A buffer that a kernel binds: a value of the graph, or scratch that only the kernels of one cluster see. */
export type Operand = GraphNode | Scratch;

export interface Scratch {
  readonly scratch: true;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

export interface Lowered {
  readonly program: KernelProgram;
  readonly operands: readonly Operand[];
}

/** The buffer that results are written to: usually their own, or that of an input which they replace. */
export type InPlace = ReadonlyMap<GraphNode, GraphNode>;

/** Writes a cluster as kernels: one, or a few for sorting. */
export function lowerCluster(fused: FusedProgram, c: Cluster, profile: Profile, inPlace: InPlace): Lowered[] {
  if (c.bundled)
    return lowerBundle(c.bundled, profile, (part, size) => lowerOne(fused, part, profile, inPlace, size));
  return c.kind === "sort" ? lowerSort(c) : [lowerOne(fused, c, profile, inPlace)];
}

const lowerOne = (
  fused: FusedProgram,
  c: Cluster,
  profile: Profile,
  inPlace: InPlace,
  size?: number,
): Lowered => new Lowering(fused, c, profile, inPlace).run(size);

/** As few launches for several kernels as the sizes of their workgroups allow. */
function lowerBundle(
  clusters: readonly Cluster[],
  profile: Profile,
  lower: (c: Cluster, workgroupSize?: number) => Lowered,
): Lowered[] {
  const alone = clusters.map((c) => ({ kind: c.kind, kernel: lower(c), sized: (n: number) => lower(c, n) }));
  const widthOf = (x: { kernel: Lowered }) => x.kernel.program.workgroupSize;
  // Others take workgroups of any size.
  const isRigid = ({ kind }: { kind: ClusterKind }) =>
    kind === "dot" ? !profile.quads : kind !== "map" && kind !== "row";
  const sizes = new Set(alone.filter(isRigid).map(widthOf));
  const dots = alone.filter((x) => x.kind === "dot").map(widthOf);
  if (sizes.size === 0) sizes.add(dots.length > 0 ? Math.min(...dots) : Math.max(...alone.map(widthOf)));
  const [first] = sizes;
  return [...sizes].flatMap((size) => {
    const mine = alone.filter((x) => (isRigid(x) ? widthOf(x) : first) === size);
    return together(mine.map((x) => (widthOf(x) === size ? x.kernel : x.sized(size))));
  });
}

function together(kernels: readonly Lowered[]): readonly Lowered[] {
  const operands: Operand[] = [];
  const bindings: KernelBinding[] = [];
  const parts = kernels.map(({ program, operands: own }) => ({
    program,
    numbers: own.map((x, k) => {
      const known = operands.indexOf(x);
      if (known >= 0) return known;
      const binding = program.bindings[k] as KernelBinding;
      bindings.push({ ...binding, name: binding.name.replace(/\d+/, `${operands.length}`) });
      return operands.push(x) - 1;
    }),
  }));
  const program = kernels.length > 1 && bundleKernel(parts, bindings);
  return program ? [{ program, operands }] : kernels;
}

class Lowering {
  readonly #s: ScalarBuilder;
  readonly #operands: GraphNode[] = [];
  readonly #bindings: KernelBinding[] = [];
  readonly #numbers = new Map<GraphNode, number>();
  readonly #accumulators = new Map<GraphNode, number>();
  readonly #pulled = new Map<GraphNode, { at: readonly IndexExpr[]; value: number }[]>();
  #flops = 0;

  readonly #fused: FusedProgram;
  readonly #c: Cluster;
  readonly #profile: Profile;

  constructor(fused: FusedProgram, c: Cluster, profile: Profile, inPlace: InPlace) {
    this.#fused = fused;
    this.#c = c;
    this.#profile = profile;
    this.#s = new ScalarBuilder(c.algebra);
    const replaced = new Map(
      c.outputs.flatMap((x) => (inPlace.has(x) ? [[inPlace.get(x) as GraphNode, x]] : [])),
    );
    for (const x of readsOf(fused, c)) this.#bind(x, replaced.has(x) ? "inout" : "read");
    for (const x of c.outputs) {
      const over = inPlace.get(x);
      if (over && this.#numbers.has(over)) this.#numbers.set(x, this.#numbers.get(over) as number);
      else {
        const whole = fused.parts.get(x)?.whole ?? x;
        if (!this.#numbers.has(whole)) this.#bind(whole, "write");
        this.#numbers.set(x, this.#numbers.get(whole) as number);
      }
    }
  }

  /** `workgroupSize`: instead of the one that is best, for kernels that can do with any. */
  run(workgroupSize?: number): Lowered {
    const spec: KernelSpec = {
      map: () => this.#map(),
      row: () => this.#row(),
      dot: () => this.#dot(),
      scan: () => this.#scan(),
      sort: () => this.#map(),
      attention: () => this.#attention(),
    }[this.#c.kind]();
    let sized = spec;
    if (workgroupSize && (spec.kind === "map" || spec.kind === "row")) sized = { ...spec, workgroupSize };
    if (workgroupSize && spec.kind === "dot" && spec.tile.variant === "quad")
      sized = { ...spec, tile: { ...spec.tile, quads: workgroupSize / 4 } };
    const program = emitKernel(sized);
    const { kind, quads } = this.#profile;
    return {
      program: kind === "software" && !quads ? keepLoops(program) : program,
      operands: this.#operands,
    };
  }

  #bind(x: GraphNode, access: KernelBinding["access"]): void {
    const number = this.#bindings.length;
    this.#numbers.set(x, number);
    this.#operands.push(x);
    const name = `${access === "read" ? "in" : access === "write" ? "out" : "io"}${number}`;
    this.#bindings.push({ name, access, dtype: x.dtype, length: sizeOf(x.shape) });
  }

  /** The value of a node at a position, computed here or read from memory. */
  #pull(x: GraphNode, at: readonly IndexExpr[]): number {
    const before = this.#pulled.get(x)?.find((p) => samePosition(p.at, at));
    if (before) return before.value;
    const value = this.#compute(x, at);
    const list = this.#pulled.get(x);
    if (list) list.push({ at, value });
    else this.#pulled.set(x, [{ at, value }]);
    return value;
  }

  #compute(x: GraphNode, at: readonly IndexExpr[]): number {
    const accumulator = this.#accumulators.get(x);
    if (accumulator !== undefined) {
      const frame = this.#c.frames.get(x) as readonly IndexExpr[];
      if (!samePosition(frame, at))
        throw new Error(`lower: ${x.primitive.name} is read at another position by its own kernel`);
      return accumulator;
    }
    const owner = this.#fused.owner.get(x);
    if (isGiven(x) || (owner && owner !== this.#c)) {
      return this.#s.load(this.#numbers.get(x) as number, x.dtype, this.#s.index.flatten(at, x.shape));
    }
    const { lower } = x.primitive;
    if (lower.kind === "elementwise") {
      const args = x.inputs.map((y) => this.#pull(y, at));
      this.#flops += lower.cost;
      return this.#s.compute(
        scalarType(x.dtype),
        lower.text(
          args.map((_, i) => `$${i}`),
          x.inputs,
          x.params,
        ),
        args,
      );
    }
    if (lower.kind === "inline") {
      const context: InlineContext = {
        s: this.#s,
        at,
        out: x,
        ins: x.inputs,
        pull: (i, position) => this.#pull(x.inputs[i] as GraphNode, position),
      };
      return lower.emit(context, x.params);
    }
    throw new Error(`lower: ${x.primitive.name} must be a kernel of its own`);
  }

  #store(x: GraphNode, at: readonly IndexExpr[]): Store {
    const value = this.#pull(x, at);
    const part = this.#fused.parts.get(x);
    const place = part ? part.place(at, this.#s.index) : at;
    return {
      binding: this.#numbers.get(x) as number,
      dtype: x.dtype,
      value,
      at: this.#s.indexValue(this.#s.index.flatten(place, (part?.whole ?? x).shape)),
    };
  }

  #name(template: string, sizes: readonly number[]): string {
    const ops = [
      ...new Set(
        this.#c.members.filter((m) => m.primitive.lower.kind !== "inline").map((m) => m.primitive.name),
      ),
    ];
    const label = ops.length === 0 ? "copy" : ops.slice(0, 4).join("_") + (ops.length > 4 ? "_etc" : "");
    return `${template}_${label}_${sizes.join("x")}`;
  }

  /** Operands and results once each, and what was counted per element while lowering. */
  #cost(elements: number): Cost {
    const bytes = this.#bindings.reduce((n, b, i) => {
      const inside = this.#c.outputs.filter((x) => this.#fused.parts.get(x)?.whole === this.#operands[i]);
      const length = inside.length > 0 ? inside.reduce((m, x) => m + sizeOf(x.shape), 0) : b.length;
      return n + length * byteSize(b.dtype) * (b.access === "inout" ? 2 : 1);
    }, 0);
    return { flops: 2 * this.#flops * elements, bytes };
  }

  #map(): KernelSpec {
    const length = sizeOf(this.#c.domain);
    const block = elementwiseBlock(this.#profile, this.#c.domain);
    const { index } = this.#s;
    const element = block
      ? index.unflatten(
          index.add(index.scale(index.variable(0, length / block), block), index.variable(1, block)),
          this.#c.domain,
        )
      : this.#c.element;
    const stores = this.#c.outputs.map((x) => this.#store(x, element));
    const cost = this.#cost(length);
    return {
      kind: "map",
      name: this.#name("map", [length]),
      steps: this.#s.steps,
      bindings: this.#bindings,
      length,
      block,
      stores,
      perThread: length < MANY ? 1 : elementsAtOnce(this.#profile, this.#s.steps.length),
      workgroupSize: block / 4 || ELEMENTWISE_GROUP,
      cost,
    };
  }

  #row(): KernelSpec {
    const c = this.#c;
    const phases: RowFold[][] = [];
    const phaseOf: number[] = [];
    for (const hero of c.heroes) {
      const { lower } = hero.primitive;
      if (lower.kind !== "reduce") throw new Error("lower: a row kernel without a reduction");
      const ref = this.#accumulators.size;
      const value = this.#pull(hero.inputs[0] as GraphNode, c.element);
      const { accumulators } = this.#s.steps[value] as Step;
      const phase = phaseOf.reduce((p, at, i) => ((accumulators >> i) & 1 ? Math.max(p, at + 1) : p), 0);
      phaseOf.push(phase);
      const folds = phases[phase] ?? [];
      phases[phase] = folds;
      folds.push({ ref, combine: lower.combine, dtype: hero.dtype, value });
      this.#flops++;
      this.#accumulators.set(hero, this.#s.accumulator(ref, scalarType(hero.dtype)));
    }
    const length = sizeOf(c.extents);
    const rows = sizeOf(c.domain) / length;
    const rowStores: Store[] = [];
    const elementStores: Store[] = [];
    for (const x of c.outputs) {
      const frame = c.frames.get(x) as readonly IndexExpr[];
      const perRow = frame.every((e) => (this.#s.variablesOf(e) & ~1) === 0) && sizeOf(x.shape) <= rows;
      (perRow ? rowStores : elementStores).push(this.#store(x, frame));
    }
    const { lanes, workgroupSize } = rowLanes(this.#profile, rows, length, c);
    return {
      kind: "row",
      name: this.#name("row", [rows, length]),
      steps: this.#s.steps,
      bindings: this.#bindings,
      rows,
      extents: c.extents,
      phases,
      rowStores,
      elementStores,
      lanes,
      unroll: elementsAtOnce(this.#profile, this.#s.steps.length),
      workgroupSize,
      cost: this.#cost(rows * length),
    };
  }

  #dot(): KernelSpec {
    const c = this.#c;
    const s = this.#s;
    const hero = c.heroes[0] as GraphNode;
    const [a, b] = hero.inputs as [GraphNode, GraphNode];
    const p = hero.params as DotAxes;
    const { freeA, freeB, contracted } = dotLayout(a, b, p);
    const nb = p.batchA.length;
    const k = contracted.map((n, i) => s.index.variable(3 + i, n));
    const position = (
      rank: number,
      batch: readonly number[],
      free: readonly number[],
      from: number,
      contract: readonly number[],
    ): IndexExpr[] => {
      const at = new Array<IndexExpr>(rank).fill(constantIndex(0));
      batch.forEach((axis, i) => {
        at[axis] = c.element[i] as IndexExpr;
      });
      free.forEach((axis, i) => {
        at[axis] = c.element[from + i] as IndexExpr;
      });
      contract.forEach((axis, i) => {
        at[axis] = k[i] as IndexExpr;
      });
      return at;
    };
    const atA = position(a.shape.length, p.batchA, freeA, nb, p.contractA);
    const atB = position(b.shape.length, p.batchB, freeB, nb + freeA.length, p.contractB);
    const valueA = this.#masked(this.#pull(a, atA));
    const valueB = this.#masked(this.#pull(b, atB));
    this.#flops = 0;
    this.#accumulators.set(hero, s.accumulator(0, scalarType(hero.dtype)));
    const stores = c.outputs.map((x) => this.#store(x, c.frames.get(x) as readonly IndexExpr[]));
    const { batch, m, n } = dotDomain(hero);
    const depth = contracted.reduce((x, y) => x * y, 1);
    const epilogue = this.#cost(batch * m * n);
    const tile = chooseDotTile(this.#profile, {
      batch,
      m,
      n,
      k: depth,
      aAlongK: lastAxisIs(a, atA, 3),
      bAlongK: lastAxisIs(b, atB, 3),
      extraA: extraSteps(s.steps, valueA),
      extraB: extraSteps(s.steps, valueB),
    });
    return {
      kind: "dot",
      name: this.#name("dot", [batch, m, n, depth]),
      steps: s.steps,
      bindings: this.#bindings,
      batch,
      m,
      n,
      contracted,
      a: valueA,
      b: valueB,
      stores,
      tile,
      cost: { flops: 2 * batch * m * n * depth + epilogue.flops, bytes: epilogue.bytes },
    };
  }

  /**
   * What is 0 outside of some bounds, by a mask of bits where that is known before the innermost loop: there drivers on
   * the CPU spend as much time on a selection as on half a load.
   */
  #masked(value: number): number {
    const s = this.#s;
    const step = s.steps[value] as Step;
    const [condition, inside, zero] = step.args as [number, number, number];
    if (this.#profile.kind === "gpu" || !s.isSelection(value) || zero !== s.constant("f32", 0)) return value;
    const mask = s.select(condition, s.constant("u32", 0xffffffff), s.constant("u32", 0));
    return s.compute("f32", "bitcast<f32>(bitcast<u32>($0) & $1)", [inside, mask]);
  }

  #attention(): KernelSpec {
    const c = this.#c;
    const s = this.#s;
    for (const hero of c.heroes) this.#accumulators.set(hero, s.accumulator(2, "f32"));
    const { sizes, flops, ...parts } = attentionParts(c, this.#profile, {
      s,
      pull: (x, at) => this.#pull(x, at),
      store: (x) => this.#store(x, c.frames.get(x) as readonly IndexExpr[]),
    });
    const cost = { flops, bytes: this.#cost(0).bytes };
    return {
      kind: "attention",
      name: `attention_${c.heroes.map((x) => (x.params as AttentionParams).role).join("_")}_${sizes.join("x")}`,
      steps: s.steps,
      bindings: this.#bindings,
      cost,
      ...parts,
    };
  }

  #scan(): KernelSpec {
    const c = this.#c;
    const s = this.#s;
    const hero = c.heroes[0] as GraphNode;
    const { axis, combine, reverse } = hero.params as {
      axis: number;
      combine: "sum" | "prod" | "max" | "min";
      reverse: boolean;
    };
    const length = dim(hero.shape, axis);
    const along = s.index.variable(1, length);
    const at = c.row.map((e, i) =>
      i === axis ? (reverse ? s.index.offset(s.index.scale(along, -1), length - 1) : along) : e,
    );
    const value = this.#pull(hero.inputs[0] as GraphNode, at);
    const rows = sizeOf(hero.shape) / length;
    const store = {
      binding: this.#numbers.get(hero) as number,
      dtype: hero.dtype,
      value,
      at: s.indexValue(s.index.flatten(at, hero.shape)),
    };
    this.#flops++;
    const cost = this.#cost(rows * length);
    return {
      kind: "scan",
      name: this.#name("scan", [rows, length]),
      steps: s.steps,
      bindings: this.#bindings,
      rows,
      length,
      combine,
      store,
      workgroupSize: ELEMENTWISE_GROUP,
      cost,
    };
  }
}

/** Whether neighbouring values of the contracted index are neighbours in memory, for an operand that is read as it is. */
function lastAxisIs(x: GraphNode, at: readonly IndexExpr[], firstVariable: number): boolean {
  let node = x;
  let position = at;
  while (node.primitive.name === "permute" && !node.stored) {
    const { axes } = node.params as { axes: readonly number[] };
    const back: IndexExpr[] = [];
    axes.forEach((a, i) => {
      back[a] = position[i] as IndexExpr;
    });
    position = back;
    node = node.inputs[0] as GraphNode;
  }
  const last = position[position.length - 1];
  return last?.terms.some(([atom]) => atom.variables >> firstVariable !== 0) ?? false;
}

function lowerSort(c: Cluster): Lowered[] {
  const hero = c.heroes[0] as GraphNode;
  const keys = hero.inputs[0] as GraphNode;
  const length = hero.shape[hero.shape.length - 1] ?? 1;
  const total = sizeOf(hero.shape);
  const rows = total / length;
  const passes = 1 + Math.max(0, Math.ceil(Math.log2(length / RUN)));
  const scratch: Scratch = { scratch: true, dtype: "i32", shape: [...hero.shape] };
  const target = (pass: number): Operand => ((passes - 1 - pass) % 2 === 0 ? hero : scratch);
  const bytes = 4 * total * 3;
  return Array.from({ length: passes }, (_, pass) => {
    const operands = pass === 0 ? [keys, target(0)] : [keys, target(pass - 1), target(pass)];
    const bindings = operands.map(
      (x, i): KernelBinding => ({
        name: ["keys", pass === 0 ? "result" : "order", "result"][i] as string,
        access: i === operands.length - 1 ? "write" : "read",
        dtype: x.dtype,
        length: total,
      }),
    );
    const block = pass === 0 ? 0 : RUN * 2 ** (pass - 1);
    const name = `sort_${rows}x${length}_${block}`;
    const program = emitKernel({
      kind: "sort",
      name,
      bindings,
      rows,
      length,
      block,
      workgroupSize: 64,
      cost: { flops: 0, bytes },
    });
    return { program, operands };
  });
}
