import { byteSize } from "../core/dtype.ts";
import type { Profile } from "../core/profile.ts";
import { sizeOf } from "../core/shape.ts";
import { GraphNode } from "../ir/node.ts";
import type { GraphOps } from "../ir/primitive.ts";
import { type Cluster, mapCluster } from "./cluster.ts";
import { type Flat, type FusedProgram, isGiven, isRead, type Segment, sourcesOf } from "./fused-program.ts";

/** Elements between the starts of two segments are a multiple of this, so that each can be bound on its own. */
const SEGMENT = 128;

/** Fewer kernels than this are left as they are. */
const FEWEST = 3;

/** Elements up to which one launch for all is always better than one each. */
const LARGEST = 1 << 22;

/**
 * Pass: elementwise kernels of one form over different tensors, such as the update of every parameter, become one
 * kernel over their concatenation. Their operands are laid out one behind the other in memory for it.
 */
export function flatten(fused: FusedProgram, o: GraphOps, profile: Profile): FusedProgram {
  const given = fused.program.inputs[0];
  if (!given) return fused;
  const groups = new Map<string, { c: Cluster; form: Form }[]>();
  for (const c of fused.clusters) {
    const form = formOf(fused, c);
    if (!form || sizeOf(c.domain) > LARGEST) continue;
    groups.set(form.key, [...(groups.get(form.key) ?? []), { c, form }]);
  }
  let result = fused;
  for (const group of groups.values()) {
    if (group.length < FEWEST) continue;
    for (const chosen of batches(independent(result, group), profile.maxBindingBytes))
      if (chosen.length >= FEWEST) result = mergeGroup(result, chosen, given, o) ?? result;
  }
  return result;
}

/** What a kernel computes, apart from how many elements it has. */
interface Form {
  readonly key: string;
  /** Operands that have an element for each element, in the order in which they are met. */
  readonly slots: readonly GraphNode[];
}

/** Null for kernels that do more than arithmetic on their own elements and on scalars. */
function formOf(fused: FusedProgram, c: Cluster): Form | null {
  if (c.kind !== "map" || c.outputs.some((x) => fused.parts.has(x))) return null;
  const slots: GraphNode[] = [];
  const numbers = new Map<GraphNode, string>();
  const visit = (given: GraphNode): string | null => {
    const x = inOrder(fused, given);
    const known = numbers.get(x);
    if (known) return known;
    const text = describeNode(x);
    if (text === null) return null;
    numbers.set(x, `#${numbers.size}`);
    return text;
  };
  const describeNode = (x: GraphNode): string | null => {
    const scalar = scalarSource(fused, c, x);
    if (scalar) return typeof scalar === "number" ? `${scalar}:${x.dtype}` : `scalar${scalar.id}:${x.dtype}`;
    if (sizeOf(x.shape) !== sizeOf(c.domain)) return null;
    if (isRead(fused, c, x)) {
      slots.push(x);
      return `slot${slots.length - 1}:${x.dtype}`;
    }
    if (x.primitive.lower.kind !== "elementwise") return null;
    const args = x.inputs.map(visit);
    if (args.some((a) => a === null)) return null;
    return `${x.primitive.name}${JSON.stringify(x.params)}(${args.join(",")}):${x.dtype}`;
  };
  const outputs = c.outputs.map(visit);
  if (outputs.some((t) => t === null)) return null;
  const pattern = slots.map((x) => c.outputs.findIndex((y) => fused.replaces.get(y) === x));
  return { key: `${outputs.join(";")}|${pattern.join()}`, slots };
}

/** What has the elements of `x` in the same order: reshapes change nothing for elementwise work. */
function inOrder(fused: FusedProgram, x: GraphNode): GraphNode {
  return behindViews(fused, x, ["reshape"]);
}

function behindViews(fused: FusedProgram, x: GraphNode, views: readonly string[]): GraphNode {
  const passes = views.includes(x.primitive.name) && !isGiven(x) && !fused.owner.has(x);
  return passes ? behindViews(fused, x.inputs[0] as GraphNode, views) : x;
}

/** The constant, or the value of one element, that `x` is everywhere; null if it is no such thing. */
function scalarSource(fused: FusedProgram, c: Cluster, x: GraphNode): GraphNode | number | null {
  if (x.primitive.name === "full" && !x.stored) return (x.params as { value: number }).value;
  const node = behindViews(fused, x, ["expand", "reshape"]);
  if (sizeOf(node.shape) !== 1 || fused.owner.get(node) === c) return null;
  return sizeOf(c.domain) === 1 && node === x ? null : node;
}

/** As many of a group as do not wait for each other, and whose operands, once in one buffer, no kernel reads and writes. */
function independent(
  fused: FusedProgram,
  group: readonly { c: Cluster; form: Form }[],
): { c: Cluster; form: Form }[] {
  const above = new Map<Cluster, Set<Cluster>>();
  const ancestors = (c: Cluster): Set<Cluster> => {
    const known = above.get(c);
    if (known) return known;
    const set = new Set<Cluster>();
    above.set(c, set);
    for (const x of sourcesOf(fused, c)) {
      const owner = fused.owner.get(x);
      if (!owner || owner === c) continue;
      set.add(owner);
      for (const a of ancestors(owner)) set.add(a);
    }
    return set;
  };
  /** Whether a kernel makes an operand of `a` from the one of `b` that would lie beside it. */
  const feeds = (b: Form, a: Form): boolean =>
    a.slots.some((x, i) => {
      const maker = fused.owner.get(x);
      return maker && sources(maker).has(b.slots[i] as GraphNode);
    });
  const read = new Map<Cluster, Set<GraphNode>>();
  const sources = (c: Cluster): Set<GraphNode> => {
    const known = read.get(c) ?? new Set(sourcesOf(fused, c));
    read.set(c, known);
    return known;
  };
  const chosen: { c: Cluster; form: Form }[] = [];
  for (const entry of group) {
    const mine = ancestors(entry.c);
    const fits = chosen.every(
      ({ c, form }) =>
        !mine.has(c) &&
        !ancestors(c).has(entry.c) &&
        !form.slots.some((x, i) => x === entry.form.slots[i]) &&
        !feeds(form, entry.form) &&
        !feeds(entry.form, form),
    );
    if (fits) chosen.push(entry);
  }
  return chosen;
}

/** Parts of a group whose tensors, one behind the other, can be bound as one. */
function batches<T extends { c: Cluster }>(group: readonly T[], maxBytes: number): T[][] {
  const parts: T[][] = [];
  let room = 0;
  for (const entry of group) {
    const bytes = 4 * paddedLength(entry.c);
    if (bytes > room) {
      parts.push([]);
      room = maxBytes;
    }
    parts.at(-1)?.push(entry);
    room -= bytes;
  }
  return parts;
}

const paddedLength = (c: Cluster): number => Math.ceil(sizeOf(c.domain) / SEGMENT) * SEGMENT;

function mergeGroup(
  fused: FusedProgram,
  group: readonly { c: Cluster; form: Form }[],
  given: GraphNode,
  o: GraphOps,
): FusedProgram | null {
  const lengths = group.map(({ c }) => paddedLength(c));
  const starts = lengths.map((_, i) => lengths.slice(0, i).reduce((a, b) => a + b, 0));
  const total = lengths.reduce((a, b) => a + b, 0);
  const flats = new Map(fused.flats);
  const taken = new Set([...flats.values()].flatMap((f) => f.segments.map((s) => s.node)));
  for (const { whole } of fused.parts.values()) taken.add(whole);
  const layOut = (nodes: readonly GraphNode[]): Flat => ({
    segments: nodes.map(
      (node, i): Segment => ({ node, offset: (starts[i] as number) * byteSize(node.dtype) }),
    ),
    length: total,
  });
  const first = group[0] as { c: Cluster; form: Form };
  const results = first.c.outputs.map((_, i) => group.map(({ c }) => c.outputs[i] as GraphNode));
  // What a later kernel has laid out as its operand has its place already.
  if (results.some((nodes) => nodes.some((n) => taken.has(n)))) return null;
  const made = new Map<GraphNode, GraphNode>();
  const operands = first.form.slots.map((x, slot): GraphNode | null => {
    const nodes = group.map(({ form }) => form.slots[slot] as GraphNode);
    // An operand that two kernels share, or that lies elsewhere already, cannot be laid out again; nor can one that
    // another kernel writes over an old value.
    const placed = (n: GraphNode) => taken.has(n) || fused.replaces.has(n);
    if (new Set(nodes).size < nodes.length || nodes.some(placed)) return null;
    for (const n of nodes) taken.add(n);
    const flat = new GraphNode(
      given.primitive,
      [],
      { shape: [total], dtype: x.dtype, index: -1 },
      { dtype: x.dtype, shape: [total] },
      x.op,
    );
    flats.set(flat, layOut(nodes));
    made.set(x, flat);
    return flat;
  });
  if (operands.some((x) => x === null)) return null;
  const merged = mapCluster([total]);
  const copy = (y: GraphNode): GraphNode => {
    const x = inOrder(fused, y);
    const known = made.get(x);
    if (known) return known;
    const scalar = scalarSource(fused, first.c, x);
    const node = scalar === null ? stretch(x, x.inputs.map(copy), total) : stretchScalar(x, scalar, total, o);
    made.set(x, node);
    if (scalar === null) {
      merged.members.push(node);
      merged.frames.set(node, merged.element);
    }
    return node;
  };
  const replaces = new Map(fused.replaces);
  const owner = new Map(fused.owner);
  merged.outputs = first.c.outputs.map((x, o) => {
    const node = copy(x);
    const nodes = results[o] as GraphNode[];
    flats.set(node, layOut(nodes));
    owner.set(node, merged);
    for (const n of nodes) owner.set(n, merged);
    const old = fused.replaces.get(x);
    const flatOld = old && made.get(old);
    if (flatOld) replaces.set(node, flatOld);
    return node;
  });
  const gone = new Set(group.map(({ c }) => c));
  const clusters = [...fused.clusters.filter((c) => !gone.has(c)), merged];
  const order = [...fused.order, ...[...made.values()].filter((x) => !fused.order.includes(x))];
  merged.notes.push(`one launch for ${group.length} tensors`);
  return { ...fused, order, clusters, owner, replaces, flats };
}

const stretch = (x: GraphNode, inputs: readonly GraphNode[], length: number): GraphNode =>
  new GraphNode(x.primitive, inputs, x.params, { dtype: x.dtype, shape: [length] }, x.op);

/** A scalar operand, broadcast to the merged length. */
const stretchScalar = (x: GraphNode, scalar: GraphNode | number, length: number, o: GraphOps): GraphNode =>
  typeof scalar === "number"
    ? o.full([length], scalar, x.dtype)
    : o.broadcastTo(o.reshape(scalar, [1]), [length]);
