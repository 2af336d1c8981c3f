import type { Profile } from "../core/profile.ts";
import { sizeOf } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import type { Cluster } from "./cluster.ts";
import { type FusedProgram, partsOf, readsOf } from "./fused-program.ts";
import { overwritten } from "./in-place.ts";
import { longestLoop } from "./tiles.ts";

/** How far a kernel may move from its place in the order. */
const FURTHEST = 12;

/** Elements up to which values may be kept for a while: the order is good for memory. */
const SMALL = 1 << 18;

/** Workgroups, more or less, that bundles may have on drivers of the CPU. */
const MOST_GROUPS = 3000;

/** Multiply-adds of a contraction that fills any device: two of them gain nothing from each other. */
const FULL = 1e9;

interface Entry {
  readonly c: Cluster;
  /** Where what it reads and writes lies: values, or flat ones that they are parts of. */
  readonly reads: ReadonlySet<GraphNode>;
  readonly writes: ReadonlySet<GraphNode>;
  readonly bindings: ReadonlySet<GraphNode>;
}

/**
 * Pass: kernels near each other in the order of which none needs another share a launch, such as the gradients of a
 * weight and of its bias.
 */
export function bundle(fused: FusedProgram, profile: Profile): FusedProgram {
  const flatOf = new Map<GraphNode, GraphNode>();
  for (const [flat, { segments }] of fused.flats) for (const { node } of segments) flatOf.set(node, flat);
  const placesOf = (xs: readonly GraphNode[]) =>
    new Set(xs.flatMap((x) => partsOf(fused, x)).map((x) => flatOf.get(x) ?? x));
  const list = fused.clusters.map((c): Entry => {
    const over = overwritten(fused, c);
    const reads = readsOf(fused, c);
    const written = c.outputs.map((x) => over.get(x) ?? fused.parts.get(x)?.whole ?? x);
    return {
      c,
      reads: placesOf(reads),
      writes: placesOf([...c.outputs, ...over.values()]),
      bindings: new Set([...reads, ...written]),
    };
  });
  // Texts of several kernels: they are compiled once, which a bundle of them would not be.
  const texts = fused.clusters.flatMap((c) => textOf(c) ?? []);
  const common = new Set(texts.filter((text, i) => texts.indexOf(text) < i));
  for (let i = 0; i < list.length; i++) {
    for (let j = i + 1; j < Math.min(i + FURTHEST, list.length); j++) {
      const [a, b] = [list[i], list[j]] as [Entry, Entry];
      const between = list.slice(i + 1, j);
      const mayMove = (x: Entry, kept: ReadonlySet<GraphNode>): boolean =>
        (j === i + 1 || [...kept].every((y) => sizeOf(y.shape) <= SMALL)) &&
        !between.some((y) => clash(x, y));
      const up = mayMove(b, b.writes);
      const down = mayMove(a, a.reads);
      if (!(up || down) || !canShare(a, b, common, profile)) continue;
      list[up ? i : j] = join(a, b);
      list.splice(up ? j : i, 1);
      // From here on there is another kernel at this place.
      if (up) j--;
      else j = i;
    }
  }
  return { ...fused, clusters: list.map((x) => x.c) };
}

/** What the text of a contraction or of attention depends on, more or less. */
function textOf({ kind, heroes: [hero], outputs }: Cluster): string | null {
  if (kind !== "dot" && kind !== "attention") return null;
  return [...(hero?.inputs ?? []), ...outputs].map((x) => `${x.primitive.name}${x.shape}`).join();
}

function canShare(a: Entry, b: Entry, common: ReadonlySet<string>, profile: Profile): boolean {
  const parts = [a, b].flatMap(({ c }) => c.bundled ?? [c]);
  if (parts.some((c) => c.kind === "scan" || c.kind === "sort" || common.has(textOf(c) ?? ""))) return false;
  // Drivers on the CPU run through all of a bundle in each workgroup, if only to find that nothing is to be done.
  const total = (of: (c: Cluster) => number) => parts.reduce((n, c) => n + of(c), 0);
  if (profile.kind === "software" && total(groupsOf) > MOST_GROUPS) return false;
  return (
    total(roundsOf) <= longestLoop(profile) &&
    !clash(a, b) &&
    [a, b].some(({ c }) => c.kind !== "dot" || sizeOf(c.domain) * roundsOf(c) < FULL) &&
    new Set([...a.bindings, ...b.bindings]).size <= profile.maxBindings
  );
}

/** Workgroups on drivers of the CPU, more or less: of threads that have a row each, or several elements. */
function groupsOf({ kind, domain, extents }: Cluster): number {
  const each = kind === "row" ? 4 * sizeOf(extents) : kind === "map" ? 16 : 128;
  return sizeOf(domain) / each;
}

/** Rounds of a thread's loops, more or less: of a contraction, the root of |A| |B| / |C|, which is no less than its depth. */
const roundsOf = ({ heroes: [x], extents }: Cluster): number =>
  x?.inputs[1] ? x.inputs.reduce((n, y) => n * sizeOf(y.shape), 1 / sizeOf(x.shape)) ** 0.5 : sizeOf(extents);

/** Whether one has to run after the other. */
const clash = (a: Entry, b: Entry): boolean => meet(a.writes, b.reads) || meet(a.reads, b.writes);

const meet = (a: ReadonlySet<GraphNode>, b: ReadonlySet<GraphNode>): boolean => [...a].some((x) => b.has(x));

function join(a: Entry, b: Entry): Entry {
  const bundled = [a, b].flatMap(({ c }) => c.bundled ?? [c]);
  const both = <T>(of: (x: Entry) => Iterable<T>) => new Set([...of(a), ...of(b)]);
  return {
    c: {
      ...a.c,
      bundled,
      members: bundled.flatMap((c) => c.members),
      outputs: bundled.flatMap((c) => c.outputs),
      notes: bundled.flatMap((c) => c.notes),
    },
    reads: both((x) => x.reads),
    writes: both((x) => x.writes),
    bindings: both((x) => x.bindings),
  };
}
