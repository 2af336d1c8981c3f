import { type IndexExpr, samePosition } from "../../kernels/scalar/index-algebra.ts";
import { shapesEqual } from "../core/shape.ts";
import { behind, type GraphNode } from "../ir/node.ts";
import { type Cluster, dotCluster, ownCluster, rowCluster, sharesLaunch, variesInRow } from "./cluster.ts";
import type { Draft } from "./draft.ts";
import { isGiven } from "./fused-program.ts";

/** Makes a kernel of each contraction, reduction and their like, and of the elementwise work and views behind them. */
export function growKernels(draft: Draft): void {
  const growth = new Growth(draft);
  for (const node of draft.order) if (!isGiven(node)) growth.seed(node);
}

class Growth {
  readonly #draft: Draft;

  constructor(draft: Draft) {
    this.#draft = draft;
  }

  /** Makes a kernel for a contraction, a reduction and their like, and lets it grow. */
  seed(node: GraphNode): void {
    if (this.#draft.home.has(node)) return;
    const { kind } = node.primitive.lower;
    let c: Cluster;
    if (kind === "dot") c = dotCluster(node);
    else if (kind === "sort" || kind === "attention") {
      const joins = this.#draft.options.enabled && !this.#draft.banned.has(node);
      const shared = joins && this.#draft.clusters.find((other) => sharesLaunch(other, node));
      if (shared) {
        shared.members.push(node);
        shared.heroes.push(node);
        this.#draft.home.set(node, shared);
        return;
      }
      c = ownCluster(node, kind);
    } else if (kind === "scan") {
      c = rowCluster(node.shape, [(node.params as { axis: number }).axis], "scan");
      c.heroes.push(node);
      c.members.push(node);
    } else if (kind === "reduce") {
      c = rowCluster((node.inputs[0] as GraphNode).shape, axesOf(node));
      this.#draft.join(c, node, c.row);
      c.heroes.push(node);
    } else return;
    this.#draft.home.set(node, c);
    this.#draft.clusters.push(c);
    const { enabled, again, onTheSpot } = this.#draft.options;
    // An update of a weight would wait for the gradient of the other operand, and that for this to have read its own.
    const waits = node.inputs.map(behind).some((x) => onTheSpot.has(x) && again.has(x));
    if (enabled && !waits && (kind === "dot" || kind === "reduce")) this.#grow(c, node);
  }

  /** Draws in what follows, in program order: elementwise work, views on its way, and reductions of the same rows. */
  #grow(c: Cluster, hero: GraphNode): void {
    const start = (this.#draft.position.get(hero) as number) + 1;
    const reached = new Set<GraphNode>([hero]);
    const { again, onTheSpot } = this.#draft.options;
    let last = start + 400;
    for (let i = start; i < Math.min(last, this.#draft.order.length); i++) {
      const node = this.#draft.order[i] as GraphNode;
      if (this.#draft.home.has(node) || this.#draft.banned.has(node) || isGiven(node)) continue;
      if (onTheSpot.has(node)) continue;
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
    const stored = this.#draft.wanted.has(node) || this.#draft.updates.has(node);
    if (stored && (c.kind !== "row" || frame.length > 0) && !this.#draft.circles.closes(c, node))
      this.#draft.join(c, node, forward);
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
    if (this.#draft.cuts.has(node) || this.#draft.onTheWay.has(node)) return false;
    // Many of them become one launch, which saves more than one value that is not stored.
    if (this.#draft.updates.has(node)) return false;
    const frames = node.inputs.map((x) => c.frames.get(x)).filter((f) => f !== undefined);
    const frame = frames[0];
    if (!frame || !frames.every((f) => samePosition(f, frame))) return false;
    const perElement = c.kind === "row" && !samePosition(frame, c.row) && this.#isElementFrame(c, frame);
    if (this.#draft.circles.closes(c, node)) {
      c.notes.push(`${node.primitive.name}: an operand comes from a kernel that needs this one`);
      return false;
    }
    if (perElement && !this.#draft.rowsFit(c)) {
      // Few threads would write it, but a further reduction of the rows may compute it anew.
      c.notes.push(`${node.primitive.name}: the rows are too long and too few to be written by their kernel`);
      c.frames.set(node, frame);
    } else this.#draft.join(c, node, frame);
    return true;
  }

  #isElementFrame(c: Cluster, frame: readonly IndexExpr[]): boolean {
    return variesInRow(frame) || samePosition(frame, c.element);
  }

  #absorbReduction(c: Cluster, node: GraphNode): boolean {
    const x = node.inputs[0] as GraphNode;
    if (!shapesEqual(x.shape, c.domain) || !shapesEqual(axesOf(node), c.axes)) return false;
    const frame = c.frames.get(x);
    if (frame && !samePosition(frame, c.element)) return false;
    if (this.#draft.circles.closes(c, node)) return false;
    this.#draft.join(c, node, c.row);
    c.heroes.push(node);
    const visit = (y: GraphNode): void => {
      if (!c.frames.has(y) || this.#draft.home.has(y) || this.#draft.onTheWay.has(y)) return;
      this.#draft.onTheWay.add(y);
      y.inputs.forEach(visit);
    };
    visit(x);
    return true;
  }

  /** A reduction of the same rows that reads something this kernel reads anyway. */
  #isSibling(c: Cluster, node: GraphNode): boolean {
    if (node.primitive.lower.kind !== "reduce") return false;
    const x = node.inputs[0] as GraphNode;
    if (!shapesEqual(x.shape, c.domain) || !shapesEqual(axesOf(node), c.axes)) return false;
    const read = new Set(c.heroes.flatMap((h) => this.#nearInputs(h.inputs[0] as GraphNode)));
    return this.#nearInputs(x).some((y) => read.has(y));
  }

  #nearInputs(x: GraphNode): GraphNode[] {
    // As it was before long sums were cut.
    if (x.primitive.name === "reshape" && this.#draft.options.profile.kind === "gpu")
      return this.#nearInputs(x.inputs[0] as GraphNode);
    // Gradients that are added up along a network are stored, and read as they are.
    const read = isGiven(x) || x.primitive.name === "add" || this.#draft.home.get(x)?.kind === "row";
    if (read || x.primitive.lower.kind !== "elementwise") return [x];
    return [
      x,
      ...x.inputs.filter((y) => shapesEqual(y.shape, x.shape) && y.primitive.lower.kind !== "inline"),
    ];
  }
}

const axesOf = (node: GraphNode): readonly number[] => (node.params as { axes: readonly number[] }).axes;
