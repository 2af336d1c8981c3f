import type { GraphNode } from "../ir/node.ts";
import type { Cluster } from "./cluster.ts";
import { Draft, type FuseOptions } from "./draft.ts";
import type { FusedProgram } from "./fused-program.ts";
import { growKernels } from "./grow.ts";
import { bindingsOf } from "./in-place.ts";
import { joinParts } from "./join.ts";
import { mergeMaps } from "./merge-maps.ts";
import type { Program } from "./program.ts";
import { relieve } from "./relieve.ts";
import { Storing } from "./store.ts";

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
    const fused = cutUp(new Draft(program, options, stored, banned));
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

/** The kernels of a draft, with what each of them stores. */
function cutUp(draft: Draft): FusedProgram {
  const { program, options, order, wanted, forced, clusters } = draft;
  growKernels(draft);
  const used = new Storing(draft).chooseStored();
  const owner = new Map<GraphNode, Cluster>();
  for (const c of clusters) {
    c.outputs = c.members.filter(
      (m) => wanted.has(m) || forced.has(m) || [...(used.get(m) ?? [])].some((u) => u !== c),
    );
    for (const x of c.outputs) owner.set(x, c);
  }
  const live = clusters.filter((c) => c.outputs.length > 0);
  const { replaces } = options;
  const fused = { program, order, clusters: live, owner, replaces, flats: new Map(), parts: new Map() };
  return options.enabled ? joinParts(mergeMaps(fused, options)) : fused;
}
