import type { GraphNode } from "../ir/node.ts";

/** What can be done to have a value: read it, at a price, or compute it from others. */
export interface Sources {
  readonly price: (x: GraphNode) => number;
  /** What it is computed from; null if it can only be read. */
  readonly from: (x: GraphNode) => readonly GraphNode[] | null;
}

/**
 * The values to read so that all of `wanted` follow from them, at the least price in all; of several choices the one
 * that leaves least to compute. A minimum cut, by augmenting paths.
 */
export function cheapestReads(wanted: Iterable<GraphNode>, { price, from }: Sources): Set<GraphNode> {
  // A value is two vertices, 2i for computing it and 2i + 1 for having it, and the edge between them is reading it.
  const numbers = new Map<GraphNode, number>();
  const to: number[] = [];
  const room: number[] = [];
  const edges: number[][] = [[], []];
  const join = (a: number, b: number, capacity: number): void => {
    edges[a]?.push(to.length);
    edges[b]?.push(to.length + 1);
    to.push(b, a);
    room.push(capacity, 0);
  };
  const number = (x: GraphNode): number => {
    const known = numbers.get(x);
    if (known !== undefined) return known;
    const at = edges.push([], []) - 2;
    numbers.set(x, at);
    join(at, at + 1, price(x));
    return at;
  };
  const sinks = [...new Set(wanted)].map((x) => number(x) + 1);
  for (const [x, at] of numbers) {
    const inputs = from(x);
    if (!inputs?.length) join(0, at, Infinity);
    else for (const y of inputs) join(number(y) + 1, at, Infinity);
  }
  // Vertices from which there is room to a sink but that the source does not reach: no later path comes there.
  const cut = new Set<number>();
  for (const sink of sinks) {
    while (!cut.has(sink)) {
      // For each vertex from which there is room to the sink, the edge on the way.
      const next = new Map([[sink, -1]]);
      for (const [b] of next) {
        for (const e of edges[b] as number[]) {
          const a = to[e] as number;
          if (room[e ^ 1] !== 0 && !next.has(a) && !cut.has(a)) next.set(a, e ^ 1);
        }
        if (next.has(0)) break;
      }
      if (!next.has(0)) for (const [a] of next) cut.add(a);
      else {
        const path: number[] = [];
        for (let a = 0; a !== sink; a = to[path.at(-1) as number] as number) path.push(next.get(a) as number);
        const flow = Math.min(...path.map((e) => room[e] as number));
        for (const e of path) {
          room[e] = (room[e] as number) - flow;
          room[e ^ 1] = (room[e ^ 1] as number) + flow;
        }
      }
    }
  }
  return new Set([...numbers].flatMap(([x, at]) => (cut.has(at + 1) && !cut.has(at) ? [x] : [])));
}
