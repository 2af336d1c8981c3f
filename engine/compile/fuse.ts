import { type IndexExpr, samePosition } from "../../kernels/scalar/index-algebra.ts";
import { bufferBytes } from "../core/dtype.ts";
import type { Profile } from "../core/profile.ts";
import { shapesEqual, sizeOf } from "../core/shape.ts";
import { type GraphNode, topologicalOrder } from "../ir/node.ts";
import { Circles } from "./circles.ts";
import { type Cluster, dotCluster, mapCluster, ownCluster, rowCluster, sharesLaunch } from "./cluster.ts";
import { cheapestReads } from "./cut.ts";
import { type FusedProgram, isGiven } from "./fused-program.ts";
import { bindingsOf, type Replacements } from "./in-place.ts";
import { joinParts } from "./join.ts";
import { mergeMaps } from "./merge-maps.ts";
import type { Program } from "./program.ts";
import { relieve } from "./relieve.ts";
import { LONGEST_EXPRESSION } from "./tiles.ts";

export interface FuseOptions {
  readonly profile: Profile;
  /** Off: every node is a kernel. */
  readonly enabled: boolean;
  readonly replaces: Replacements;
  /** Nodes that compute again what another kernel has computed, and so are not for that one; and what they read. */
  readonly again: ReadonlyMap<GraphNode, GraphNode>;
  readonly saved: ReadonlySet<GraphNode>;
  readonly late: ReadonlySet<GraphNode>;
}

/** Rows longer than this are not read twice by one kernel. */
const LONGEST_ROW = 16384;

/** Elements up to which values that replace inputs are computed by kernels that do nothing else. */
const SMALL_UPDATE = 20000;
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

/** Thrown when values would take kernels of their own to be computed again: they are kept after all. */
export class BetterKept extends Error {
  readonly values: readonly GraphNode[];
  constructor(values: readonly GraphNode[]) {
    super("fuse: values are better kept than computed again");
    this.values = values;
  }
}

/**
 * Pass: decides which nodes share a kernel. Contractions and reductions draw in the elementwise work behind them;
 * what is left becomes elementwise kernels, or is computed inside its only user.
 *
 * @throws {BetterKept} If something is computed again in vain.
 */
export function fuse(program: Program, options: FuseOptions): FusedProgram {
  const stored = new Set<GraphNode>();
  const banned = new Set<GraphNode>();
  for (;;) {
    const limit = options.profile.maxBindings;
    const fused = new Fusion(program, options, stored, banned).run();
    const excess = fused.clusters.map((c) => bindingsOf(fused, c).length - limit);
    if (excess.every((n) => n <= 0)) {
      const vain = onlyAgain(fused, options.again);
      if (vain.length > 0) throw new BetterKept(vain);
      return fused;
    }
    // All at once: every round fuses the whole program anew.
    fused.clusters.forEach((c, i) => {
      const over = excess[i] as number;
      if (over > 0) relieve(fused, c, over, { stored, banned, limit });
    });
  }
}

/** What takes kernels of its own to compute it again. */
function onlyAgain({ clusters }: FusedProgram, again: FuseOptions["again"]): GraphNode[] {
  return clusters.flatMap(({ kind, outputs }) => {
    const copied = outputs.flatMap((x) => again.get(x) ?? []);
    return kind === "map" && copied.length === outputs.length ? copied : [];
  });
}

class Fusion {
  readonly #order: readonly GraphNode[];
  readonly #position = new Map<GraphNode, number>();
  readonly #home = new Map<GraphNode, Cluster>();
  readonly #circles: Circles;
  readonly #clusters: Cluster[] = [];
  readonly #wanted: ReadonlySet<GraphNode>;
  readonly #readers = new Map<GraphNode, GraphNode[]>();
  readonly #costs = new Map<GraphNode, number>();
  /** Where long expressions are cut. */
  readonly #cuts: ReadonlySet<GraphNode>;
  /** What reductions of long rows compute on the way: a kernel that stored it would wait for them, and they for it. */
  readonly #onTheWay = new Set<GraphNode>();
  readonly #updates: ReadonlySet<GraphNode>;
  /** What kernels read of each other if they compute again what is better not stored. */
  #kept: ReadonlySet<GraphNode> = new Set();

  readonly #program: Program;
  readonly #options: FuseOptions;
  readonly #forced: ReadonlySet<GraphNode>;
  readonly #banned: ReadonlySet<GraphNode>;

  constructor(
    program: Program,
    options: FuseOptions,
    forced: ReadonlySet<GraphNode>,
    banned: ReadonlySet<GraphNode>,
  ) {
    this.#program = program;
    this.#options = options;
    this.#forced = forced;
    this.#banned = banned;
    this.#wanted = new Set(program.outputs);
    this.#order = topologicalOrder(program.outputs);
    this.#order.forEach((node, i) => {
      this.#position.set(node, i);
      for (const x of node.inputs) this.#readers.set(x, [...(this.#readers.get(x) ?? []), node]);
    });
    this.#circles = new Circles(program, this.#position, this.#home, this.#clusters);
    this.#cuts = this.#findCuts();
    this.#updates = this.#findUpdates();
  }

  /** Small elementwise results that replace inputs, with all that is computed for them alone. */
  #findUpdates(): Set<GraphNode> {
    const updates = new Set<GraphNode>();
    const used = new Set<GraphNode>();
    const others = new Set<GraphNode>();
    for (let i = this.#order.length - 1; i >= 0; i--) {
      const node = this.#order[i] as GraphNode;
      const { lower, name } = node.primitive;
      const own =
        this.#options.replaces.has(node) || (used.has(node) && !others.has(node) && !this.#wanted.has(node));
      const mine =
        own && (lower.kind === "elementwise" || name === "reshape") && sizeOf(node.shape) <= SMALL_UPDATE;
      if (mine || (own && name === "permute")) updates.add(node);
      for (const x of node.inputs) {
        used.add(x);
        if (!mine) others.add(x);
      }
    }
    return updates;
  }

  /** Nodes at which the expression below, written as a tree, has grown too long. */
  #findCuts(): Set<GraphNode> {
    const cuts = new Set<GraphNode>();
    const lengths = new Map<GraphNode, number>();
    for (const node of this.#order) {
      const { kind } = node.primitive.lower;
      let length = 0;
      if (!isGiven(this.#program, node) && (kind === "elementwise" || kind === "inline")) {
        length = 1;
        for (const x of new Set(node.inputs)) length += lengths.get(x) as number;
        if (length > LONGEST_EXPRESSION && kind === "elementwise") {
          cuts.add(node);
          length = 0;
        }
      }
      lengths.set(node, length);
    }
    return cuts;
  }

  run(): FusedProgram {
    for (const node of this.#order) if (!isGiven(this.#program, node)) this.#seed(node);
    if (this.#options.enabled) this.#kept = this.#chooseKept();
    const used = this.#chooseStored();
    const owner = new Map<GraphNode, Cluster>();
    for (const c of this.#clusters) {
      c.outputs = c.members.filter(
        (m) => this.#wanted.has(m) || this.#forced.has(m) || [...(used.get(m) ?? [])].some((u) => u !== c),
      );
      for (const x of c.outputs) owner.set(x, c);
    }
    const live = this.#clusters.filter((c) => c.outputs.length > 0);
    const { replaces } = this.#options;
    const fused = {
      program: this.#program,
      order: this.#order,
      clusters: live,
      owner,
      replaces,
      flats: new Map(),
      parts: new Map(),
    };
    return this.#options.enabled ? joinParts(mergeMaps(fused, this.#options)) : fused;
  }

  /** Makes a kernel for a contraction, a reduction and their like, and lets it grow. */
  #seed(node: GraphNode): void {
    if (this.#home.has(node)) return;
    const { kind } = node.primitive.lower;
    let c: Cluster;
    if (kind === "dot") c = dotCluster(node);
    else if (kind === "sort" || kind === "attention") {
      const joins = this.#options.enabled && !this.#banned.has(node);
      const shared = joins && this.#clusters.find((other) => sharesLaunch(other, node));
      if (shared) {
        shared.members.push(node);
        shared.heroes.push(node);
        this.#home.set(node, shared);
        return;
      }
      c = ownCluster(node, kind);
    } else if (kind === "scan") {
      c = rowCluster(node.shape, [(node.params as { axis: number }).axis], "scan");
      c.heroes.push(node);
      c.members.push(node);
    } else if (kind === "reduce") {
      c = rowCluster((node.inputs[0] as GraphNode).shape, axesOf(node));
      this.#join(c, node, c.row);
      c.heroes.push(node);
    } else return;
    this.#home.set(node, c);
    this.#clusters.push(c);
    if (this.#options.enabled && (kind === "dot" || kind === "reduce")) this.#grow(c, node);
  }

  #join(c: Cluster, node: GraphNode, frame: readonly IndexExpr[]): void {
    c.members.push(node);
    c.frames.set(node, frame);
    this.#home.set(node, c);
  }

  /** Draws in what follows, in program order: elementwise work, views on its way, and reductions of the same rows. */
  #grow(c: Cluster, hero: GraphNode): void {
    const start = (this.#position.get(hero) as number) + 1;
    const reached = new Set<GraphNode>([hero]);
    const { again } = this.#options;
    let last = start + 400;
    for (let i = start; i < Math.min(last, this.#order.length); i++) {
      const node = this.#order[i] as GraphNode;
      if (this.#home.has(node) || this.#banned.has(node) || isGiven(this.#program, node)) continue;
      const near =
        node.inputs.some((x) => reached.has(x) && again.has(x) >= again.has(node)) ||
        (c.kind === "row" && this.#isSibling(c, node));
      if (!near || !this.#absorb(c, node)) continue;
      reached.add(node);
      last = Math.max(last, i + 400);
    }
  }

  #absorb(c: Cluster, node: GraphNode): boolean {
    const { kind } = node.primitive.lower;
    const { name } = node.primitive;
    if (name === "permute" || name === "reshape") return this.#passView(c, node);
    if (name === "expand") return this.#spreadRow(c, node);
    if (kind === "elementwise") return this.#absorbElementwise(c, node);
    if (kind === "reduce" && c.kind === "row") return this.#absorbReduction(c, node);
    return false;
  }

  #passView(c: Cluster, node: GraphNode): boolean {
    const x = node.inputs[0] as GraphNode;
    const frame = c.frames.get(x);
    if (!frame) return false;
    const forward =
      node.primitive.name === "permute"
        ? (node.params as { axes: readonly number[] }).axes.map((a) => frame[a] as IndexExpr)
        : c.algebra.unflatten(c.algebra.flatten(frame, x.shape), node.shape);
    if (node.primitive.name === "reshape") {
      const back = c.algebra.unflatten(c.algebra.flatten(forward, node.shape), x.shape);
      if (!samePosition(back, frame)) return false;
    }
    // A permuted result is stored as it is wanted instead of being copied afterwards.
    const stored = this.#wanted.has(node) || this.#updates.has(node);
    if (stored && (c.kind !== "row" || frame.length > 0) && !this.#circles.closes(c, node))
      this.#join(c, node, forward);
    else c.frames.set(node, forward);
    return true;
  }

  #spreadRow(c: Cluster, node: GraphNode): boolean {
    if (c.kind !== "row" || !shapesEqual(node.shape, c.domain)) return false;
    const frame = c.frames.get(node.inputs[0] as GraphNode);
    if (!frame || !samePosition(frame, c.row)) return false;
    c.frames.set(node, c.element);
    return true;
  }

  #absorbElementwise(c: Cluster, node: GraphNode): boolean {
    if (this.#cuts.has(node) || this.#onTheWay.has(node)) return false;
    // Many of them become one launch, which saves more than one value that is not stored.
    if (this.#updates.has(node)) return false;
    const frames = node.inputs.map((x) => c.frames.get(x)).filter((f) => f !== undefined);
    const frame = frames[0];
    if (!frame || !frames.every((f) => samePosition(f, frame))) return false;
    const perElement = c.kind === "row" && !samePosition(frame, c.row) && this.#isElementFrame(c, frame);
    if (this.#circles.closes(c, node)) {
      c.notes.push(`${node.primitive.name}: an operand comes from a kernel that needs this one`);
      return false;
    }
    if (perElement && !this.#rowsFit(c)) {
      // Few threads would write it, but a further reduction of the rows may compute it anew.
      c.notes.push(`${node.primitive.name}: the rows are too long and too few to be written by their kernel`);
      c.frames.set(node, frame);
    } else this.#join(c, node, frame);
    return true;
  }

  #isElementFrame(c: Cluster, frame: readonly IndexExpr[]): boolean {
    return variesInRow(frame) || samePosition(frame, c.element);
  }

  /** Whether one kernel may go over the rows again to write elements. */
  #rowsFit(c: Cluster): boolean {
    const length = sizeOf(c.extents);
    const rows = sizeOf(c.domain) / Math.max(1, length);
    if (length > LONGEST_ROW) return false;
    return this.#options.profile.kind === "gpu" ? rows >= 16 || length <= 4096 : rows >= 8 || length <= 1024;
  }

  #absorbReduction(c: Cluster, node: GraphNode): boolean {
    const x = node.inputs[0] as GraphNode;
    if (!shapesEqual(x.shape, c.domain) || !sameList(axesOf(node), c.axes)) return false;
    const frame = c.frames.get(x);
    if (frame && !samePosition(frame, c.element)) return false;
    if (this.#circles.closes(c, node)) return false;
    this.#join(c, node, c.row);
    c.heroes.push(node);
    const visit = (y: GraphNode): void => {
      if (!c.frames.has(y) || this.#home.has(y) || this.#onTheWay.has(y)) return;
      this.#onTheWay.add(y);
      y.inputs.forEach(visit);
    };
    visit(x);
    return true;
  }

  /** A reduction of the same rows that reads something this kernel reads anyway. */
  #isSibling(c: Cluster, node: GraphNode): boolean {
    if (node.primitive.lower.kind !== "reduce") return false;
    const x = node.inputs[0] as GraphNode;
    if (!shapesEqual(x.shape, c.domain) || !sameList(axesOf(node), c.axes)) return false;
    const read = new Set(c.heroes.flatMap((h) => this.#nearInputs(h.inputs[0] as GraphNode)));
    return this.#nearInputs(x).some((y) => read.has(y));
  }

  #nearInputs(x: GraphNode): GraphNode[] {
    // Gradients that are added up along a network are stored, and read as they are.
    const read = isGiven(this.#program, x) || x.primitive.name === "add" || this.#home.get(x)?.kind === "row";
    if (read || x.primitive.lower.kind !== "elementwise") return [x];
    return [
      x,
      ...x.inputs.filter((y) => shapesEqual(y.shape, x.shape) && y.primitive.lower.kind !== "inline"),
    ];
  }

  /** Work to compute a value at one position, if everything but kernel results is computed on the spot. */
  #cost(x: GraphNode): number {
    const known = this.#costs.get(x);
    if (known !== undefined) return known;
    this.#costs.set(x, 0);
    let sum = 0;
    if (!isGiven(this.#program, x) && !(this.#home.has(x) && (this.#kept.has(x) || !this.#isLight(x)))) {
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
      !isGiven(this.#program, x) &&
      !this.#cuts.has(x) &&
      (lower.kind === "elementwise" || (lower.kind === "inline" && lower.form === "view"))
    );
  }

  /** What to store so that kernels move the fewest bytes, if computing costs nothing. */
  #chooseKept(): Set<GraphNode> {
    const { saved } = this.#options;
    // Results that no kernel has yet get one that reads what they are made of.
    const read = new Set([...this.#wanted].flatMap((x) => (this.#home.has(x) ? [] : x.inputs)));
    // Contractions read each element many times: what another kernel has computed is not computed again there.
    const fixed = new Set<GraphNode>();
    for (const c of this.#clusters) {
      for (const m of c.members) {
        for (const x of m.inputs) if (!c.frames.has(x)) read.add(x);
        if (c.kind === "row" || !c.heroes.includes(m)) continue;
        for (const operand of m.inputs) {
          let x = operand;
          while (!this.#home.has(x) && this.#isLight(x) && x.primitive.lower.kind === "inline")
            x = x.inputs[0] as GraphNode;
          fixed.add(x);
        }
      }
    }
    const from = (x: GraphNode) => {
      if (fixed.has(x) || saved.has(x) || (this.#home.has(x) && sizeOf(x.shape) <= FEW)) return null;
      return this.#isLight(x) || x.primitive.name === "concat" ? x.inputs : null;
    };
    const price = (x: GraphNode): number => {
      const bytes = bufferBytes(x.dtype, sizeOf(x.shape));
      if (isGiven(this.#program, x) || this.#wanted.has(x)) return bytes;
      if (x.inputs.length === 0) return 0;
      // Views are never stored but by way of what they show.
      return x.primitive.lower.kind === "inline" && from(x) ? Infinity : 2 * bytes;
    };
    return cheapestReads(read, { price, from });
  }

  /** Whether kernels that read a result of another compute it again rather than read it. */
  #isComputedAgain(x: GraphNode, own: Cluster, limit: number): boolean {
    return (
      this.#options.enabled &&
      own.kind !== "map" &&
      this.#isLight(x) &&
      ![this.#wanted, this.#forced, this.#kept].some((set) => set.has(x)) &&
      limit > CHEAP_OPERAND &&
      this.#cost(x) <= Math.min(limit, CHEAP_ROW)
    );
  }

  /** Which kernels use each value; makes elementwise kernels for what is better stored. */
  #chooseStored(): Map<GraphNode, Set<Cluster>> {
    const used = new Map<GraphNode, Set<Cluster>>();
    const limits = new Map<GraphNode, number>();
    const usersOf = (x: GraphNode): Set<Cluster> => used.get(x) ?? used.set(x, new Set()).get(x)!;
    const allow = (x: GraphNode, limit: number) => limits.set(x, Math.min(limits.get(x) ?? Infinity, limit));
    for (let i = this.#order.length - 1; i >= 0; i--) {
      const node = this.#order[i] as GraphNode;
      if (isGiven(this.#program, node)) continue;
      const home = this.#home.get(node);
      if (!home && this.#mustStore(node, usersOf(node), limits.get(node) ?? Infinity)) {
        // A view that a kernel passes on its way is stored by that kernel: it would wait for any other.
        const passing =
          this.#clusters.find(
            (c) =>
              c.frames.has(node) && (node.primitive.lower.kind !== "elementwise" || this.#onTheWay.has(node)),
          ) ?? this.#hostOf(node);
        const c = passing ?? mapCluster(node.shape);
        this.#join(c, node, c.frames.get(node) ?? c.element);
        if (!passing) this.#clusters.push(c);
      }
      const own = this.#home.get(node);
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

  /** A kernel that has at each of its elements what `x` is made of, and so can store it too. */
  #hostOf(x: GraphNode): Cluster | undefined {
    this.#circles.forget();
    if (!this.#options.enabled || this.#banned.has(x) || this.#cuts.has(x)) return;
    const made = x.inputs.filter((y) => !this.#home.has(y) && this.#cost(y) > CHEAP);
    const { again, late } = this.#options;
    for (const y of [...made, ...this.#operands(x)]) {
      for (const m of this.#readers.get(y) ?? []) {
        if (again.has(x) && !again.has(m) && !late.has(m)) continue;
        const c = this.#home.get(m);
        const frame = c?.frames.get(m);
        if (!c || !frame || c.kind === "map" || !shapesEqual(m.shape, x.shape) || c.heroes.includes(m))
          continue;
        if (c.kind === "row" && !(variesInRow(frame) && this.#rowsFit(c))) continue;
        if (this.#circles.closes(c, x)) continue;
        c.frames.set(x, frame);
        return c;
      }
    }
  }

  /** How costly `x` may be if it is computed on the spot by its user `node`. */
  #limitFor(node: GraphNode, x: GraphNode, own: Cluster | undefined, inherited: number): number {
    if (node.primitive.lower.kind === "dot") return CHEAP_OPERAND;
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
    if (this.#wanted.has(node) || this.#forced.has(node)) return true;
    if (users.size === 0) return false;
    if (this.#cuts.has(node)) return true;
    if (!this.#options.enabled) return node.primitive.name !== "full" || limit < 0;
    if (limit < 0) return true;
    if (node.primitive.lower.kind !== "elementwise" && !isLongConcat(node)) return false;
    const cost = this.#cost(node);
    if (isLongConcat(node) && this.#isWritten(node)) return true;
    if (cost > limit || (limit <= CHEAP_OPERAND && this.#operands(node).size > MOST_OPERANDS)) return true;
    if (users.size === 1 || cost <= CHEAP || this.#isGenerated(node)) return false;
    return cost > CHEAP_ROW || this.#kept.has(node);
  }

  /** Large values that are read for each element, if everything but kernel results is computed on the spot. */
  #operands(node: GraphNode): Set<GraphNode> {
    const found = new Set<GraphNode>();
    const reached = new Set([node]);
    for (const x of reached) {
      const stored = this.#home.has(x) && (this.#kept.has(x) || !this.#isLight(x));
      if (!stored && !isGiven(this.#program, x)) for (const y of x.inputs) reached.add(y);
      else if (8 * sizeOf(x.shape) >= sizeOf(node.shape)) found.add(x);
    }
    return found;
  }

  /** Whether contractions write it, or all of its parts: then it costs nothing to store it. */
  #isWritten(x: GraphNode): boolean {
    const { name } = x.primitive;
    if (name === "concat" || name === "reshape" || name === "permute")
      return x.inputs.every((y) => this.#isWritten(y));
    return this.#home.get(x)?.kind === "dot";
  }

  /** Made from counters and scalars alone, such as a dropout mask: cheaper to make again than to keep. */
  #isGenerated(node: GraphNode): boolean {
    if (sizeOf(node.shape) < 256) return false;
    const seen = new Set<GraphNode>();
    const visit = (x: GraphNode): boolean => {
      if (seen.has(x)) return true;
      seen.add(x);
      if (isGiven(this.#program, x) || this.#home.has(x)) return sizeOf(x.shape) <= 4;
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

const axesOf = (node: GraphNode): readonly number[] => (node.params as { axes: readonly number[] }).axes;
const sameList = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i]);
/** Whether a position depends on more than the row, which is variable 0. */
const variesInRow = (frame: readonly IndexExpr[]): boolean =>
  frame.some((e) => e.terms.some(([atom]) => (atom.variables & ~1) !== 0));
