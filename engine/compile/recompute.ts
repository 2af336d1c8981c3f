import { bufferBytes } from "../core/dtype.ts";
import type { Profile } from "../core/profile.ts";
import { sizeOf } from "../core/shape.ts";
import { behind, GraphNode, topologicalOrder, withInputs } from "../ir/node.ts";
import { cheapestReads } from "./cut.ts";
import { isGiven } from "./fused-program.ts";
import type { Program } from "./program.ts";
import { rebuild } from "./rebuild.ts";

/** A value that is wanted again after so many contractions and reductions, one behind the other, is old by then. */
const OLD = 8;
/** Fewer elements are kept whatever becomes of them. */
const FEW = 4096;
/** Large operands from which a value may be computed again, and the work for each of its elements. */
const MOST_OPERANDS = 2;
const MOST_WORK = 120;
/** How many operands of contractions are computed on the spot where memory is fullest, if they have so many elements. */
const AT_TURN = 3;
const WEIGHTY = 1 << 20;

export interface Recomputed {
  readonly program: Program;
  /** Nodes that compute old values again, and which: not for the kernels that made what they read. */
  readonly again: ReadonlyMap<GraphNode, GraphNode>;
  /** What they are computed from. */
  readonly saved: ReadonlySet<GraphNode>;
  /** What reads old values, or such that are computed again: a good place to have them anew. */
  readonly late: ReadonlySet<GraphNode>;
  /** What contractions compute where they read it, though it costs them more. */
  readonly onTheSpot: ReadonlySet<GraphNode>;
}

/**
 * Pass: what the backward pass wants of the forward pass is computed again, by elementwise work, from as few bytes as
 * have to be kept: the normalised rows of a layer norm, but not their scaled and shifted form too; what GELU is applied
 * to, but not its result nor the terms of its derivative. But the values of `keep` stay.
 */
export function recomputeOld(program: Program, keep: ReadonlySet<GraphNode>, profile: Profile): Recomputed {
  const ages = new Ages(program);
  const none = new Set<GraphNode>();
  if (ages.old.size === 0) return { program, again: new Map(), saved: none, late: none, onTheSpot: none };
  return new Recomputing(program, ages, valuesToKeep(ages, keep)).run(profile.kind === "gpu" ? AT_TURN : 0);
}

/**
 * The large values that are kept of the forward pass for the backward pass, but for results of the program, and for sums
 * and what follows from sums alone, such as statistics of rows.
 */
export function activationsKept(program: Program): Set<GraphNode> {
  const ages = new Ages(program);
  const outputs = program.outputs.map(behind);
  const active = new Set<GraphNode>();
  for (const x of ages.order) {
    const { kind } = x.primitive.lower;
    const follows = kind !== "reduce" && x.inputs.some((y) => active.has(y));
    if (follows || kind === "dot" || kind === "attention") active.add(x);
  }
  const kept = [...valuesToKeep(ages, new Set())].map(behind);
  return new Set(
    kept.filter(
      (x) =>
        active.has(x) &&
        x.dtype === "f32" &&
        sizeOf(x.shape) > FEW &&
        x.shape.at(-1) !== 1 &&
        !outputs.includes(x),
    ),
  );
}

/** How many contractions and reductions stand above each value, one behind the other, and what is old by that. */
class Ages {
  readonly order: readonly GraphNode[];
  readonly old = new Set<GraphNode>();
  readonly #depths = new Map<GraphNode, number>();

  constructor(program: Program) {
    this.order = topologicalOrder(program.outputs);
    for (const x of this.order) {
      const given = isGiven(x) || x.inputs.length === 0;
      if (!given) for (const y of this.oldInputs(x)) this.old.add(y);
      this.#depths.set(x, given ? 0 : this.#above(x) + (this.#isLight(x) ? 0 : 1));
    }
  }

  /** Whether it follows from the inputs of the program alone, by elementwise work. */
  isFresh(x: GraphNode): boolean {
    return this.#depths.get(x) === 0;
  }

  /** Whether it is worth a thought, and light work. */
  isLarge(x: GraphNode): boolean {
    return this.#isLight(x) && sizeOf(x.shape) > FEW && !this.isFresh(x);
  }

  /** Operands that are old when `x` is computed. */
  oldInputs(x: GraphNode): GraphNode[] {
    const now = this.#above(x);
    return x.inputs.filter((y) => this.isLarge(y) && now - (this.#depths.get(y) as number) > OLD);
  }

  #above(x: GraphNode): number {
    return x.inputs.reduce((most, y) => Math.max(most, this.#depths.get(y) as number), 0);
  }

  #isLight(x: GraphNode): boolean {
    const { lower } = x.primitive;
    const isView = lower.kind === "inline" && lower.form === "view";
    return !isGiven(x) && (lower.kind === "elementwise" || isView);
  }
}

/** From which values the old ones are to be had: the fewest bytes, and those that would be too dear to compute again. */
function valuesToKeep(ages: Ages, keep: ReadonlySet<GraphNode>): Set<GraphNode> {
  const kept = cheapestReads(ages.old, {
    price: (x) => (ages.isFresh(x) ? 0 : bufferBytes(x.dtype, sizeOf(x.shape))),
    from: (x) => (ages.isLarge(x) ? x.inputs : null),
  });
  for (const x of keep) kept.add(x);
  // In order: what is computed from a value that is kept after all is cheaper.
  for (const x of ages.order) if (ages.old.has(x) && isDear(ages, kept, x)) kept.add(x);
  return kept;
}

function isDear(ages: Ages, kept: ReadonlySet<GraphNode>, x: GraphNode): boolean {
  let work = 0;
  let operands = 0;
  const reached = new Set([x]);
  for (const y of reached) {
    const { lower } = y.primitive;
    if (isGiven(y) || (!ages.isFresh(y) && (kept.has(y) || !ages.isLarge(y)))) {
      if (4 * sizeOf(y.shape) >= sizeOf(x.shape)) operands++;
    } else {
      if (lower.kind === "elementwise") work += lower.cost;
      for (const z of y.inputs) reached.add(z);
    }
  }
  return operands > MOST_OPERANDS || work > MOST_WORK;
}

/** Writes the program anew, with old operands computed from what is kept. */
class Recomputing {
  readonly #program: Program;
  readonly #ages: Ages;
  readonly #kept: ReadonlySet<GraphNode>;
  /** What has become of each node, and the second one of those that are computed again. */
  readonly #made: Map<GraphNode, GraphNode>;
  readonly #copies = new Map<GraphNode, GraphNode>();
  readonly #again = new Map<GraphNode, GraphNode>();
  readonly #saved = new Set<GraphNode>();
  readonly #late = new Set<GraphNode>();

  constructor(program: Program, ages: Ages, kept: ReadonlySet<GraphNode>) {
    this.#program = program;
    this.#ages = ages;
    this.#kept = kept;
    this.#made = new Map(program.inputs.map((x) => [x, x]));
  }

  run(atTurn: number): Recomputed {
    const program = rebuild(this.#program, ({ inputs }, node) => {
      const old = this.#ages.oldInputs(node);
      const fresh = node.inputs.map((x, i) => (old.includes(x) ? this.#copy(x) : (inputs[i] as GraphNode)));
      const result = withInputs(node, fresh);
      this.#made.set(node, result);
      if (old.length > 0) this.#late.add(result);
      return result;
    });
    return {
      program,
      again: this.#again,
      saved: this.#saved,
      late: this.#late,
      onTheSpot: this.#atTurn(program, atTurn),
    };
  }

  /**
   * The last operands of contractions that are computed again, both times, with what leads to them: memory is fullest
   * where a program turns from the forward to the backward pass.
   */
  #atTurn({ outputs }: Program, count: number): Set<GraphNode> {
    const twice = new Set(this.#again.values());
    const operands = topologicalOrder(outputs).flatMap((x) =>
      x.primitive.lower.kind === "dot" ? x.inputs.map(behind) : [],
    );
    const large = operands.filter((x) => twice.has(x) && sizeOf(x.shape) >= WEIGHTY);
    const turn = new Set([...new Set(large)].reverse().slice(0, count));
    for (const x of turn) for (const y of x.inputs) if (twice.has(y)) turn.add(y);
    for (const [copy, x] of this.#again) if (turn.has(x)) turn.add(copy);
    return turn;
  }

  #copy(x: GraphNode): GraphNode {
    if (this.#kept.has(x) || !this.#ages.isLarge(x)) {
      const source = this.#made.get(x) as GraphNode;
      if (!this.#ages.isFresh(x)) this.#saved.add(source);
      return source;
    }
    const known = this.#copies.get(x);
    if (known) return known;
    const inputs = x.inputs.map((y) => this.#copy(y));
    const copy = new GraphNode(x.primitive, inputs, x.params, x, x.op);
    this.#copies.set(x, copy);
    this.#again.set(copy, x);
    return copy;
  }
}
