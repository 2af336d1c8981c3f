import { type AxisError, axisError, shapeError } from "../core/errors.ts";
import { dim, shapesEqual } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import { ops } from "../ops/build.ts";
import { sameAxis } from "../ops/movement.ts";
import { define } from "./define.ts";
import { toCommonDType } from "./promotion.ts";
import { dropped } from "./reduce-axes.ts";

const o = ops;

/** A tensor and the name of each of its axes, all different. */
interface Labelled {
  readonly x: GraphNode;
  readonly labels: readonly string[];
}

function malformed(spec: string, problem: string): AxisError {
  return axisError({
    problem,
    got: { spec },
    need: 'letters for axes, "..." for the others, such as "bij,bjk->bik"',
  });
}

/** The labels of a term. Axes of the ellipsis are called 0, 1, .. counted from the last, so that they broadcast. */
function termLabels(term: string, rank: number | null, spec: string): string[] {
  const pieces = term.split("...");
  if (pieces.length > 2 || !pieces.every((p) => /^[a-zA-Z]*$/.test(p)))
    throw malformed(spec, `"${term}" is no list of axes`);
  const [before, behind] = [[...(pieces[0] as string)], [...(pieces[1] ?? "")]];
  const hidden = rank === null ? 0 : rank - before.length - behind.length;
  const ellipsis = Array.from({ length: Math.max(0, hidden) }, (_, i) => String(hidden - 1 - i));
  return pieces.length === 2 ? [...before, ...ellipsis, ...behind] : before;
}

interface Parsed {
  readonly inputs: readonly string[][];
  readonly output: readonly string[];
}

function parse(spec: string, operands: readonly GraphNode[]): Parsed {
  const compact = spec.replaceAll(" ", "");
  const [left = "", right, ...rest] = compact.split("->");
  const terms = left.split(",");
  if (rest.length > 0 || terms.length !== operands.length)
    throw malformed(spec, `${operands.length} operands for ${terms.length} lists of axes`);
  const inputs = terms.map((term, i) => {
    const x = operands[i] as GraphNode;
    const labels = termLabels(term, x.shape.length, spec);
    if (labels.length === x.shape.length) return labels;
    throw shapeError({
      problem: `"${term}" has another number of axes than its operand`,
      got: { spec, operand: x },
    });
  });
  const all = inputs.flat();
  const isHidden = (label: string) => /\d/.test(label);
  const hidden = [...new Set(all.filter(isHidden))].sort((a, b) => Number(b) - Number(a));
  const once = [...new Set(all)].filter((l) => !isHidden(l) && all.indexOf(l) === all.lastIndexOf(l)).sort();
  if (right === undefined) return { inputs, output: [...hidden, ...once] };
  const [before = "", behind] = right.split("...");
  const output =
    behind === undefined
      ? termLabels(right, null, spec)
      : [...termLabels(before, null, spec), ...hidden, ...termLabels(behind, null, spec)];
  if (new Set(output).size < output.length) throw malformed(spec, "an axis of the result is named twice");
  const unknown = output.find((l) => !all.includes(l));
  if (unknown !== undefined) throw malformed(spec, `axis "${unknown}" of the result is in no operand`);
  return { inputs, output };
}

/** The size of each label; axes of size 1 broadcast. */
function labelSizes(
  spec: string,
  inputs: readonly string[][],
  operands: readonly GraphNode[],
): Map<string, number> {
  const sizes = new Map<string, number>();
  inputs.forEach((labels, i) => {
    labels.forEach((label, axis) => {
      const n = dim((operands[i] as GraphNode).shape, axis);
      const known = sizes.get(label) ?? 1;
      if (known !== 1 && n !== 1 && known !== n) {
        throw shapeError({
          problem: `axis "${label}" has sizes ${known} and ${n}`,
          got: { spec, ...Object.fromEntries(operands.map((x, j) => [`operand ${j}`, x])) },
        });
      }
      sizes.set(label, known === 1 ? n : known);
    });
  });
  return sizes;
}

/** The entries where two axes agree; the second axis goes. */
function diagonal(x: GraphNode, first: number, second: number): GraphNode {
  const view = o.affineView(
    x,
    // Position 0 of the second axis shows the element whose number is that along the first.
    x.shape.map((n, i) => (i === second ? { ...sameAxis(1), skew: 1, skewAxis: first } : sameAxis(n))),
  );
  return dropped(view, [second]);
}

/** One axis for each label, and none of size 1 where others have more. */
function distinct(x: GraphNode, names: readonly string[], sizes: ReadonlyMap<string, number>): Labelled {
  const repeating = names.flatMap((l, i) => (dim(x.shape, i) === 1 && sizes.get(l) !== 1 ? [i] : []));
  let node = dropped(x, repeating);
  let labels = names.filter((_, i) => !repeating.includes(i));
  for (;;) {
    const second = labels.findIndex((l, i) => labels.indexOf(l) < i);
    if (second < 0) return { x: node, labels };
    node = diagonal(node, labels.indexOf(labels[second] as string), second);
    labels = labels.filter((_, i) => i !== second);
  }
}

/** Sums over the axes that are not kept. */
function sumOut({ x, labels }: Labelled, keep: (label: string) => boolean): Labelled {
  const axes = labels.flatMap((l, i) => (keep(l) ? [] : [i]));
  return { x: dropped(o.sum(x, axes), axes), labels: labels.filter(keep) };
}

/** x with the axes `labels`, of size 1 where it has none. */
function aligned({ x, labels }: Labelled, wanted: readonly string[]): GraphNode {
  const present = wanted.filter((l) => labels.includes(l));
  const ordered = o.permute(
    x,
    present.map((l) => labels.indexOf(l)),
  );
  const shape = wanted.map((l) => (labels.includes(l) ? dim(x.shape, labels.indexOf(l)) : 1));
  return shapesEqual(ordered.shape, shape) ? ordered : o.reshape(ordered, shape);
}

/** The product of two operands, summed over what both have and nobody needs afterwards. */
function combine(first: Labelled, second: Labelled, keep: ReadonlySet<string>): Labelled {
  const a = sumOut(first, (l) => keep.has(l) || second.labels.includes(l));
  const b = sumOut(second, (l) => keep.has(l) || first.labels.includes(l));
  const shared = a.labels.filter((l) => b.labels.includes(l));
  const contracted = shared.filter((l) => !keep.has(l));
  const freeA = a.labels.filter((l) => !shared.includes(l));
  const freeB = b.labels.filter((l) => !shared.includes(l));
  const batch = shared.filter((l) => keep.has(l));
  // Without free axes on both sides a contraction has no values to reuse: it is a sum of products.
  if (contracted.length === 0 || freeA.length + freeB.length === 0) {
    const labels = [...batch, ...freeA, ...freeB, ...contracted];
    return sumOut(
      { x: o.mul(aligned(a, labels), aligned(b, labels)), labels },
      (l) => !contracted.includes(l),
    );
  }
  const axesOf = ({ labels }: Labelled, list: readonly string[]) => list.map((l) => labels.indexOf(l));
  const x = o.dot(a.x, b.x, {
    batchA: axesOf(a, batch),
    batchB: axesOf(b, batch),
    contractA: axesOf(a, contracted),
    contractB: axesOf(b, contracted),
  });
  return { x, labels: [...batch, ...freeA, ...freeB] };
}

export const einsum = define("einsum", (spec: string, ...operands: readonly GraphNode[]): GraphNode => {
  const { inputs, output } = parse(spec, operands);
  const sizes = labelSizes(spec, inputs, operands);
  const nodes = toCommonDType(operands);
  const terms = nodes.map((x, i) => distinct(x, inputs[i] as string[], sizes));
  const product = terms.reduce((acc, term, i) => {
    const later = terms.slice(i + 1).flatMap((t) => t.labels);
    return combine(acc, term, new Set([...output, ...later]));
  });
  return aligned(
    sumOut(product, (l) => output.includes(l)),
    output,
  );
});
