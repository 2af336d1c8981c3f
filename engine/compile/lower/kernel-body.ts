import type { Cost, KernelBinding } from "../../../kernels/program.ts";
import { ScalarBuilder, scalarType } from "../../../kernels/scalar/builder.ts";
import { type IndexExpr, samePosition } from "../../../kernels/scalar/index-algebra.ts";
import type { LoopSpec, Store } from "../../../kernels/spec.ts";
import { byteSize } from "../../core/dtype.ts";
import type { Profile } from "../../core/profile.ts";
import { sizeOf } from "../../core/shape.ts";
import type { GraphNode } from "../../ir/node.ts";
import type { InlineContext } from "../../ir/primitive.ts";
import type { Cluster } from "../cluster.ts";
import { type FusedProgram, isGiven, readsOf } from "../fused-program.ts";
import type { InPlace } from "./lowered.ts";

/** A kernel in the making: what it binds, and the scalar program of what it computes from that. */
export class KernelBody {
  readonly s: ScalarBuilder;
  readonly bindings: KernelBinding[] = [];
  readonly operands: GraphNode[] = [];
  /** What the kernel has summed up, by the accumulator that holds it. */
  readonly accumulators = new Map<GraphNode, number>();
  /** Operations for each element. */
  flops = 0;
  readonly #numbers = new Map<GraphNode, number>();
  readonly #pulled = new Map<GraphNode, { at: readonly IndexExpr[]; value: number }[]>();

  readonly #fused: FusedProgram;
  readonly #inPlace: InPlace;
  readonly c: Cluster;
  readonly profile: Profile;

  constructor(fused: FusedProgram, c: Cluster, profile: Profile, inPlace: InPlace) {
    this.#fused = fused;
    this.#inPlace = inPlace;
    this.c = c;
    this.profile = profile;
    this.s = new ScalarBuilder(c.algebra, profile.quads);
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

  /** The same kernel before anything has been computed in it, to try something out. */
  anew(): KernelBody {
    return new KernelBody(this.#fused, this.c, this.profile, this.#inPlace);
  }

  #bind(x: GraphNode, access: KernelBinding["access"]): void {
    const number = this.bindings.length;
    this.#numbers.set(x, number);
    this.operands.push(x);
    const name = `${access === "read" ? "in" : access === "write" ? "out" : "io"}${number}`;
    this.bindings.push({ name, access, dtype: x.dtype, length: sizeOf(x.shape) });
  }

  /** The value of a node at a position, computed here or read from memory. */
  pull(x: GraphNode, at: readonly IndexExpr[]): number {
    const before = this.#pulled.get(x)?.find((p) => samePosition(p.at, at));
    if (before) return before.value;
    const value = this.#compute(x, at);
    const list = this.#pulled.get(x);
    if (list) list.push({ at, value });
    else this.#pulled.set(x, [{ at, value }]);
    return value;
  }

  #compute(x: GraphNode, at: readonly IndexExpr[]): number {
    const accumulator = this.accumulators.get(x);
    if (accumulator !== undefined) {
      const frame = this.c.frames.get(x) as readonly IndexExpr[];
      if (!samePosition(frame, at))
        throw new Error(`lower: ${x.primitive.name} is read at another position by its own kernel`);
      return accumulator;
    }
    const owner = this.#fused.owner.get(x);
    if (isGiven(x) || (owner && owner !== this.c)) {
      return this.s.load(this.#numbers.get(x) as number, x.dtype, this.s.index.flatten(at, x.shape));
    }
    const { lower } = x.primitive;
    if (lower.kind === "elementwise") {
      const args = x.inputs.map((y) => this.pull(y, at));
      this.flops += lower.cost;
      return this.s.compute(
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
        s: this.s,
        at,
        out: x,
        ins: x.inputs,
        pull: (i, position) => this.pull(x.inputs[i] as GraphNode, position),
      };
      return lower.emit(context, x.params);
    }
    throw new Error(`lower: ${x.primitive.name} must be a kernel of its own`);
  }

  store(x: GraphNode, at: readonly IndexExpr[]): Store {
    return this.storeOf(x, at, this.pull(x, at));
  }

  storeOf(x: GraphNode, at: readonly IndexExpr[], value: number): Store {
    const part = this.#fused.parts.get(x);
    const place = part ? part.place(at, this.s.index) : at;
    const { dtype, shape } = part?.whole ?? x;
    return {
      binding: this.#numbers.get(x) as number,
      dtype,
      value,
      at: this.s.indexValue(this.s.index.flatten(place, shape)),
    };
  }

  /** What is said of every kernel. */
  spec(name: string, cost: Cost): LoopSpec {
    const { kind, quads } = this.profile;
    const keepLoops = kind === "software" && !quads;
    return { name, steps: this.s.steps, bindings: this.bindings, cost, keepLoops };
  }

  name(template: string, sizes: readonly number[]): string {
    const ops = [
      ...new Set(
        this.c.members.filter((m) => m.primitive.lower.kind !== "inline").map((m) => m.primitive.name),
      ),
    ];
    const label = ops.length === 0 ? "copy" : ops.slice(0, 4).join("_") + (ops.length > 4 ? "_etc" : "");
    return `${template}_${label}_${sizes.join("x")}`;
  }

  /** Operands and results once each, and what was counted per element while lowering. */
  cost(elements: number): Cost {
    const bytes = this.bindings.reduce((n, b, i) => {
      const inside = this.c.outputs.filter((x) => this.#fused.parts.get(x)?.whole === this.operands[i]);
      const length = inside.length > 0 ? inside.reduce((m, x) => m + sizeOf(x.shape), 0) : b.length;
      return n + length * byteSize(b.dtype) * (b.access === "inout" ? 2 : 1);
    }, 0);
    return { flops: 2 * this.flops * elements, bytes };
  }
}
