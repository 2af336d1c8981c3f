import type { IndexExpr } from "../../kernels/scalar/index-algebra.ts";
import type { Profile } from "../core/profile.ts";
import { sizeOf } from "../core/shape.ts";
import { type GraphNode, topologicalOrder } from "../ir/node.ts";
import { Circles } from "./circles.ts";
import type { Cluster } from "./cluster.ts";
import { isGiven } from "./fused-program.ts";
import type { Replacements } from "./in-place.ts";
import type { Program } from "./program.ts";
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
  /** What contractions compute where they read it, though it costs them more. */
  readonly onTheSpot: ReadonlySet<GraphNode>;
}

/** Rows longer than this are not read twice by one kernel. */
const LONGEST_ROW = 16384;

/** Elements up to which values that replace inputs are computed by kernels that do nothing else. */
const SMALL_UPDATE = 20000;

/** What has been decided about a program while it is cut into kernels: which there are, and what is in them. */
export class Draft {
  readonly program: Program;
  readonly options: FuseOptions;
  /** What is stored whatever speaks against it, and what joins no kernel that grows. */
  readonly forced: ReadonlySet<GraphNode>;
  readonly banned: ReadonlySet<GraphNode>;
  readonly order: readonly GraphNode[];
  readonly position = new Map<GraphNode, number>();
  readonly readers = new Map<GraphNode, GraphNode[]>();
  readonly wanted: ReadonlySet<GraphNode>;
  readonly clusters: Cluster[] = [];
  readonly home = new Map<GraphNode, Cluster>();
  readonly circles: Circles;
  /** Where long expressions are cut. */
  readonly cuts: ReadonlySet<GraphNode>;
  readonly updates: ReadonlySet<GraphNode>;
  /** What reductions of long rows compute on the way: a kernel that stored it would wait for them, and they for it. */
  readonly onTheWay = new Set<GraphNode>();

  constructor(
    program: Program,
    options: FuseOptions,
    forced: ReadonlySet<GraphNode>,
    banned: ReadonlySet<GraphNode>,
  ) {
    this.program = program;
    this.options = options;
    this.forced = forced;
    this.banned = banned;
    this.wanted = new Set(program.outputs);
    this.order = topologicalOrder(program.outputs);
    this.order.forEach((node, i) => {
      this.position.set(node, i);
      for (const x of node.inputs) this.readers.set(x, [...(this.readers.get(x) ?? []), node]);
    });
    this.circles = new Circles(this.position, this.home, this.clusters);
    this.cuts = this.#findCuts();
    this.updates = this.#findUpdates();
  }

  join(c: Cluster, node: GraphNode, frame: readonly IndexExpr[]): void {
    c.members.push(node);
    c.frames.set(node, frame);
    this.home.set(node, c);
  }

  /** Whether one kernel may go over the rows again to write elements. */
  rowsFit(c: Cluster): boolean {
    const length = sizeOf(c.extents);
    const rows = sizeOf(c.domain) / Math.max(1, length);
    if (length > LONGEST_ROW) return false;
    return this.options.profile.kind === "gpu" ? rows >= 16 || length <= 4096 : rows >= 8 || length <= 1024;
  }

  /** Small elementwise results that replace inputs, with all that is computed for them alone. */
  #findUpdates(): Set<GraphNode> {
    const updates = new Set<GraphNode>();
    const used = new Set<GraphNode>();
    const others = new Set<GraphNode>();
    for (let i = this.order.length - 1; i >= 0; i--) {
      const node = this.order[i] as GraphNode;
      const { lower, name } = node.primitive;
      const own =
        this.options.replaces.has(node) || (used.has(node) && !others.has(node) && !this.wanted.has(node));
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
    for (const node of this.order) {
      const { kind } = node.primitive.lower;
      let length = 0;
      if (!isGiven(node) && (kind === "elementwise" || kind === "inline")) {
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
}
