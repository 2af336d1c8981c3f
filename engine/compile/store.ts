import { bufferBytes } from "../core/dtype.ts";
import { shapesEqual, sizeOf } from "../core/shape.ts";
import { behind, type GraphNode } from "../ir/node.ts";
import { type Cluster, mapCluster, variesInRow } from "./cluster.ts";
import { cheapestReads } from "./cut.ts";
import type { Draft } from "./draft.ts";
import { isGiven } from "./fused-program.ts";

/** Fewer elements than this are read rather than computed again from several others. */
const FEW = 4096;

/** Multiply-adds below which computing a value again is cheaper than storing it. */
const CHEAP = 3;
/** What may stand in an operand of a contraction, which reads each element many times. */
const CHEAP_OPERAND = 3;
const MOST_OPERANDS = 2;
const CHEAP_BROADCAST = 4;
const CHEAP_ROW = 16;
/** What may stand behind a contraction: its code is written out for each element of a tile, up to 32 times. */
const CHEAP_TILE = 60;

/** Decides what is stored, by which kernels, and which read it. */
export class Storing {
  readonly #draft: Draft;
  readonly #costs = new Map<GraphNode, number>();
  /** What kernels read of each other if they compute again what is better not stored. */
  readonly #kept: ReadonlySet<GraphNode>;

  constructor(draft: Draft) {
    this.#draft = draft;
    this.#kept = draft.options.enabled ? this.#chooseKept() : new Set();
  }

  /** Which kernels use each value; makes elementwise kernels for what is better stored. */
  chooseStored(): Map<GraphNode, Set<Cluster>> {
    const used = new Map<GraphNode, Set<Cluster>>();
    const limits = new Map<GraphNode, number>();
    const usersOf = (x: GraphNode): Set<Cluster> => used.get(x) ?? used.set(x, new Set()).get(x)!;
    const allow = (x: GraphNode, limit: number) => limits.set(x, Math.min(limits.get(x) ?? Infinity, limit));
    for (let i = this.#draft.order.length - 1; i >= 0; i--) {
      const node = this.#draft.order[i] as GraphNode;
      if (isGiven(node)) continue;
      const home = this.#draft.home.get(node);
      if (!home && this.#mustStore(node, usersOf(node), limits.get(node) ?? Infinity)) {
        // A view that a kernel passes on its way is stored by that kernel: it would wait for any other.
        const passing =
          this.#draft.clusters.find(
            (c) =>
              c.frames.has(node) &&
              (node.primitive.lower.kind !== "elementwise" || this.#draft.onTheWay.has(node)),
          ) ?? this.#hostOf(node);
        const c = passing ?? mapCluster(node.shape);
        this.#draft.join(c, node, c.frames.get(node) ?? c.element);
        if (!passing) this.#draft.clusters.push(c);
      }
      const own = this.#draft.home.get(node);
      const limit = limits.get(node) ?? Infinity;
      const others = [...usersOf(node)].filter((u) => u !== own);
      const again = !own || (others.length > 0 && this.#isComputedAgain(node, own, limit));
      if (own && again) used.set(node, new Set());
      for (const x of node.inputs) {
        const users = usersOf(x);
        if (own) users.add(own);
        if (again) for (const u of others) users.add(u);
        if (own) allow(x, this.#limitFor(node, x, own, limit));
        if (again) allow(x, this.#limitFor(node, x, undefined, limit));
      }
    }
    return used;
  }

  /** Work to compute a value at one position, if everything but kernel results is computed on the spot. */
  #cost(x: GraphNode): number {
    const known = this.#costs.get(x);
    if (known !== undefined) return known;
    this.#costs.set(x, 0);
    let sum = 0;
    if (!isGiven(x) && !(this.#draft.home.has(x) && (this.#kept.has(x) || !this.#isLight(x)))) {
      const { lower } = x.primitive;
      if (lower.kind === "elementwise") sum = lower.cost;
      else if (x.primitive.name === "concat") sum = 2 * (x.inputs.length - 1);
      else if (lower.kind === "inline" && lower.form === "gather") sum = 2;
      for (const y of x.inputs) sum += this.#cost(y);
      // What is spread so widely and costs more than this will be stored by the time it is read.
      if (spreadsWidely(x) && sum > CHEAP_BROADCAST) sum = 0;
    }
    this.#costs.set(x, Math.min(sum, 1e6));
    return this.#costs.get(x) as number;
  }

  /** Whether a value can be computed by whoever reads it. */
  #isLight(x: GraphNode): boolean {
    const { lower } = x.primitive;
    return (
      !isGiven(x) &&
      !this.#draft.cuts.has(x) &&
      (lower.kind === "elementwise" || (lower.kind === "inline" && lower.form === "view"))
    );
  }

  /** What to store so that kernels move the fewest bytes, if computing costs nothing. */
  #chooseKept(): Set<GraphNode> {
    const { saved } = this.#draft.options;
    // Results that no kernel has yet get one that reads what they are made of.
    const read = new Set([...this.#draft.wanted].flatMap((x) => (this.#draft.home.has(x) ? [] : x.inputs)));
    // Contractions read each element many times: what another kernel has computed is not computed again there.
    const fixed = new Set<GraphNode>();
    for (const c of this.#draft.clusters) {
      for (const m of c.members) {
        for (const x of m.inputs) if (!c.frames.has(x)) read.add(x);
        if (c.kind === "row" || !c.heroes.includes(m)) continue;
        for (const operand of m.inputs) {
          let x = operand;
          while (!this.#draft.home.has(x) && this.#isLight(x) && x.primitive.lower.kind === "inline")
            x = x.inputs[0] as GraphNode;
          fixed.add(x);
        }
      }
    }
    const from = (x: GraphNode) => {
      if (fixed.has(x) || saved.has(x) || (this.#draft.home.has(x) && sizeOf(x.shape) <= FEW)) return null;
      return this.#isLight(x) || x.primitive.name === "concat" ? x.inputs : null;
    };
    const price = (x: GraphNode): number => {
      const bytes = bufferBytes(x.dtype, sizeOf(x.shape));
      if (isGiven(x) || this.#draft.wanted.has(x)) return bytes;
      if (x.inputs.length === 0) return 0;
      // Views are never stored but by way of what they show.
      return x.primitive.lower.kind === "inline" && from(x) ? Infinity : 2 * bytes;
    };
    return cheapestReads(read, { price, from });
  }

  /** Whether kernels that read a result of another compute it again rather than read it. */
  #isComputedAgain(x: GraphNode, own: Cluster, limit: number): boolean {
    return (
      this.#draft.options.enabled &&
      own.kind !== "map" &&
      this.#isLight(x) &&
      ![this.#draft.wanted, this.#draft.forced, this.#kept].some((set) => set.has(x)) &&
      limit > CHEAP_OPERAND &&
      this.#cost(x) <= Math.min(limit, CHEAP_ROW)
    );
  }

  /** A kernel that has at each of its elements what `x` is made of, and so can store it too. */
  #hostOf(x: GraphNode): Cluster | undefined {
    this.#draft.circles.forget();
    if (!this.#draft.options.enabled || this.#draft.banned.has(x) || this.#draft.cuts.has(x)) return;
    const made = x.inputs.filter((y) => !this.#draft.home.has(y) && this.#cost(y) > CHEAP);
    const { again, late } = this.#draft.options;
    for (const y of [...made, ...this.#operands(x)]) {
      for (const m of this.#draft.readers.get(y) ?? []) {
        if (again.has(x) && !again.has(m) && !late.has(m)) continue;
        const c = this.#draft.home.get(m);
        const frame = c?.frames.get(m);
        if (!c || !frame || c.kind === "map" || !shapesEqual(m.shape, x.shape) || c.heroes.includes(m))
          continue;
        if (c.kind === "row" && !(variesInRow(frame) && this.#draft.rowsFit(c))) continue;
        if (this.#draft.circles.closes(c, x)) continue;
        c.frames.set(x, frame);
        return c;
      }
    }
  }

  /** How costly `x` may be if it is computed on the spot by its user `node`. */
  #limitFor(node: GraphNode, x: GraphNode, own: Cluster | undefined, inherited: number): number {
    if (node.primitive.lower.kind === "dot")
      return this.#draft.options.onTheSpot.has(behind(x)) ? CHEAP_TILE : CHEAP_OPERAND;
    // Which weights dropout keeps is counted anew: stored, it would be as large as the scores.
    if (node.primitive.lower.kind === "attention")
      return x.primitive.name === "concat" || this.#isGenerated(x) ? Infinity : 0;
    if (node.primitive.lower.kind === "sort") return -1;
    if (node.primitive.name === "expand") {
      const outer = own ? Infinity : inherited;
      return spreadsWidely(node) ? Math.min(outer, CHEAP_BROADCAST) : outer;
    }
    // Each element of a concatenation computes every part and takes one.
    if (isLongConcat(node)) return Math.min(own ? Infinity : inherited, CHEAP);
    if (own?.kind === "row")
      return own.heroes.length > 1 || own.members.length > own.heroes.length ? CHEAP_ROW : Infinity;
    if (own?.kind === "dot") return CHEAP_TILE;
    return own ? Infinity : inherited;
  }

  #mustStore(node: GraphNode, users: ReadonlySet<Cluster>, limit: number): boolean {
    if (this.#draft.wanted.has(node) || this.#draft.forced.has(node)) return true;
    if (users.size === 0) return false;
    if (this.#draft.cuts.has(node)) return true;
    if (!this.#draft.options.enabled) return node.primitive.name !== "full" || limit < 0;
    if (limit < 0) return true;
    if (node.primitive.lower.kind !== "elementwise" && !isLongConcat(node)) return false;
    const cost = this.#cost(node);
    if (isLongConcat(node) && this.#isWritten(node)) return true;
    if (cost > limit || (limit <= CHEAP_OPERAND && this.#operands(node).size > MOST_OPERANDS)) return true;
    if (users.size === 1 || cost <= CHEAP || this.#isGenerated(node)) return false;
    if (this.#draft.options.onTheSpot.has(node)) return false;
    return cost > CHEAP_ROW || this.#kept.has(node);
  }

  /** Large values that are read for each element, if everything but kernel results is computed on the spot. */
  #operands(node: GraphNode): Set<GraphNode> {
    const found = new Set<GraphNode>();
    const reached = new Set([node]);
    for (const x of reached) {
      const stored = this.#draft.home.has(x) && (this.#kept.has(x) || !this.#isLight(x));
      if (!stored && !isGiven(x)) for (const y of x.inputs) reached.add(y);
      else if (8 * sizeOf(x.shape) >= sizeOf(node.shape)) found.add(x);
    }
    return found;
  }

  /** Whether contractions write it, or all of its parts: then it costs nothing to store it. */
  #isWritten(x: GraphNode): boolean {
    const { name } = x.primitive;
    if (name === "concat" || name === "reshape" || name === "permute")
      return x.inputs.every((y) => this.#isWritten(y));
    return this.#draft.home.get(x)?.kind === "dot";
  }

  /** Made from counters and scalars alone, such as a dropout mask: cheaper to make again than to keep. */
  #isGenerated(node: GraphNode): boolean {
    if (sizeOf(node.shape) < 256) return false;
    const seen = new Set<GraphNode>();
    const visit = (x: GraphNode): boolean => {
      if (seen.has(x)) return true;
      seen.add(x);
      if (isGiven(x) || this.#draft.home.has(x)) return sizeOf(x.shape) <= 4;
      return x.inputs.every(visit);
    };
    return visit(node);
  }
}

/** Short ones are keys and the like: not worth a kernel of their own. */
const isLongConcat = (x: GraphNode): boolean => x.primitive.name === "concat" && sizeOf(x.shape) >= 4096;

/** An expansion to at least eight times as many elements. */
const spreadsWidely = (x: GraphNode): boolean =>
  x.primitive.name === "expand" && sizeOf(x.shape) >= 8 * sizeOf((x.inputs[0] as GraphNode).shape);
