import { backward } from "./autodiff/backward.ts";
import { type CustomParams, customGradient, recompute } from "./autodiff/rules.ts";
import { isFloat } from "./core/dtype.ts";
import { DTypeError, outsideOps, ShapeError } from "./core/errors.ts";
import { sizeOf } from "./core/shape.ts";
import { mapTree } from "./core/tree.ts";
import { whileTracing } from "./evaluate.ts";
import { GraphNode, makeNode } from "./ir/node.ts";
import type { Primitive } from "./ir/primitive.ts";
import { ops } from "./ops/build.ts";
import { identity, stopGradient as stopPrimitive } from "./ops/unary.ts";
import { isTensor, Tensor, wrap } from "./tensor.ts";
import { treeLeaves, treeMap } from "./trees.ts";

let lastTag = 0;

/** A node of its own for the same value, which no pass merges with the original. */
const separate = (x: GraphNode): GraphNode => makeNode(identity as Primitive, [x], { tag: ++lastTag });

/**
 * The tree with a node of its own for each place, added to `nodes` in their order: a tensor that stands in two places
 * has two gradients, which add up for whoever wants the tensor's.
 */
const separateLeaves = <T>(tree: T, nodes: GraphNode[]): T =>
  treeMap((leaf) => {
    const node = separate(leaf.node);
    nodes.push(node);
    return new Tensor(node);
  }, tree);

/** Gradients in the order of the places of a tree, as a tree; zeros where there is none. */
function gradientTree<T>(tree: T, gradients: readonly (GraphNode | null | undefined)[]): T {
  let next = 0;
  return treeMap((leaf) => new Tensor(gradients[next++] ?? ops.zerosLike(leaf.node)), tree);
}

/** What a differentiated function may return: the loss, or the loss beside anything else that is wanted. */
export type LossResult<Aux = unknown> = Tensor | { readonly loss: Tensor; readonly aux?: Aux };

export interface ValueAndGrad<P, Aux> {
  /** The loss, a tensor of rank 0. */
  readonly value: Tensor;
  /** A tree like the first argument; zeros where the loss does not depend on a tensor, or it is no float. */
  readonly grads: P;
  readonly aux: Aux;
}

type AuxOf<R> = R extends { readonly aux: infer A } ? A : undefined;

/**
 * The function that gives the loss of `f` and its gradient with respect to the tensors of the first argument.
 *
 * @param f Takes a tree of tensors and anything else; returns a scalar, or `{ loss, aux }`.
 * @throws {ShapeError} If the loss has more than one element.
 * @throws {NotDifferentiableError} If a gradient is needed through an op that has none.
 *
 * @example
 *   const { value, grads } = valueAndGrad((w) => w.mul(w).sum())(tensor([1, 2]));  // 5, [2, 4]
 */
export function valueAndGrad<P, A extends unknown[], R extends LossResult>(
  f: (tree: P, ...rest: A) => R,
): (tree: P, ...rest: A) => ValueAndGrad<P, AuxOf<R>> {
  return (tree, ...rest) => {
    const wrt: GraphNode[] = [];
    const { result, loss } = whileTracing(() => {
      const traced = separateLeaves(tree, wrt);
      const result = outsideOps(() => f(traced, ...rest));
      return { result, loss: isTensor(result) ? result : result.loss };
    });
    if (!isTensor(loss) || loss.size !== 1 || !isFloat(loss.dtype)) {
      throw new ShapeError("valueAndGrad", {
        problem: "the loss is not one float",
        got: isTensor(loss) ? { loss } : {},
        hint: "loss.mean()",
      });
    }
    const seed = ops.full(loss.shape, 1, loss.dtype);
    const gradients = whileTracing(() => backward([{ node: loss.node, ct: seed }], wrt, ops));
    const grads = gradientTree(tree, gradients);
    const value = loss.rank === 0 ? loss : wrap(ops.reshape(loss.node, []));
    const aux = (isTensor(result) ? undefined : (result as { aux?: unknown }).aux) as AuxOf<R>;
    return { value, grads, aux };
  };
}

/** The gradient of a scalar function with respect to the tensors of its first argument; see `valueAndGrad`. */
export function grad<P, A extends unknown[]>(
  f: (tree: P, ...rest: A) => LossResult,
): (tree: P, ...rest: A) => P {
  const both = valueAndGrad(f);
  return (tree, ...rest) => both(tree, ...rest).grads;
}

/**
 * The value of `f` at its arguments, and the function that takes a cotangent shaped like the value to the cotangents
 * of the arguments.
 */
export function vjp<A extends unknown[], R>(
  f: (...args: A) => R,
  ...args: A
): { value: R; pullback: (cotangents: R) => A } {
  const wrt: GraphNode[] = [];
  const traced = whileTracing(() => {
    const operands = separateLeaves(args, wrt);
    return outsideOps(() => f(...operands));
  });
  // What the caller gets may be evaluated, and then forgets how it was made; the pullback must not.
  const value = treeMap((x) => new Tensor(separate(x.node)), traced);
  const pullback = (cotangents: R): A => {
    const given = treeLeaves(cotangents);
    const seeds = treeLeaves(traced).map(({ path, value: out }, i) => {
      const ct = given[i]?.value;
      if (!ct || ct.shape.join() !== out.shape.join()) {
        throw new ShapeError("vjp", {
          problem: `the cotangent of "${path}" has another shape`,
          got: ct ? { value: out, ct } : { value: out },
        });
      }
      return { node: out.node, ct: ct.node };
    });
    return gradientTree(
      args,
      whileTracing(() => backward(seeds, wrt, ops)),
    );
  };
  return { value, pullback };
}

/** The value, through which no gradient flows. */
export function stopGradient<T>(tree: T): T {
  return treeMap((x) => wrap(makeNode(stopPrimitive as Primitive, [x.node])), tree);
}

/**
 * `f` with a gradient of your own.
 *
 * @param f Takes trees of tensors, returns a tree of tensors.
 * @param rule Given the cotangents of the result (zeros for what was not used), the result and the operands, returns
 *   for each operand its cotangent, a tree like it; null, also in place of a single tensor, for none. Written in tensor
 *   ops, it is differentiable again.
 * @throws {ShapeError} When gradients are taken, if a cotangent has another shape than its operand.
 */
export function customVjp<A extends unknown[], R>(
  f: (...xs: A) => R,
  rule: (ct: R, saved: { readonly out: R; readonly ins: A }) => readonly unknown[],
): (...xs: A) => R {
  return (...xs) => {
    const out = f(...xs);
    const outputs = treeLeaves(out).map((leaf) => leaf.value.node);
    const gradients = (cts: readonly GraphNode[], ins: readonly GraphNode[]): (GraphNode | null)[] => {
      const operands = filled(xs, ins);
      const given = new Map<string, unknown>();
      const answer = outsideOps(() => rule(filled(out, cts), { out, ins: operands }));
      for (const { path, value } of treeLeaves(answer)) given.set(path, value);
      return treeLeaves(operands).map(({ path, value }) => checkGradient(given.get(path), value.node));
    };
    const ins = treeLeaves(xs).map((leaf) => leaf.value.node);
    return filled(out, withGradients(outputs, ins, gradients));
  };
}

/** The tree with other nodes, in its order. */
function filled<T>(tree: T, nodes: readonly GraphNode[]): T {
  let next = 0;
  return treeMap(() => wrap(nodes[next++] as GraphNode), tree);
}

/** Values with one rule for the gradients of all of them. */
function withGradients(
  outputs: readonly GraphNode[],
  ins: readonly GraphNode[],
  rule: (cts: readonly GraphNode[], ins: readonly GraphNode[]) => (GraphNode | null)[],
): GraphNode[] {
  const custom = (value: GraphNode, from: readonly GraphNode[], params: CustomParams) =>
    makeNode(customGradient as Primitive, [value, ...from], params);
  const [only] = outputs;
  if (only && outputs.length === 1) return [custom(only, ins, { rule: (ct, xs) => rule([ct], xs) })];
  // All cotangents, one behind the other, are the cotangent of a value that nobody reads.
  const sizes = outputs.map((x) => sizeOf(x.shape));
  const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((a, b) => a + b, 0));
  const total = sizes.reduce((a, b) => a + b, 0);
  const all = custom(ops.full([total], 0, "f32"), ins, {
    rule: (ct, xs) => {
      const part = (i: number) => ops.slice(ct, 0, starts[i] as number, sizes[i] as number);
      return rule(
        outputs.map((x, i) => ops.cast(ops.reshape(part(i), x.shape), x.dtype)),
        xs,
      );
    },
  });
  return outputs.map((x, i) =>
    custom(x, [all], {
      rule: (ct) => {
        const flat = ops.cast(ops.reshape(ct, [sizes[i] as number]), "f32");
        const start = starts[i] as number;
        return [ops.pad(flat, 0, start, total - start - (sizes[i] as number))];
      },
    }),
  );
}

function checkGradient(gradient: unknown, x: GraphNode): GraphNode | null {
  if (!isTensor(gradient)) return null;
  if (gradient.shape.join() !== x.shape.join()) {
    throw new ShapeError("customVjp", {
      problem: "a cotangent has another shape than its operand",
      got: { cotangent: gradient, operand: x },
    });
  }
  if (gradient.dtype !== x.dtype)
    throw new DTypeError("customVjp", {
      problem: "a cotangent has another dtype than its operand",
      got: { cotangent: gradient, operand: x },
    });
  return gradient.node;
}

/**
 * `f`, whose intermediate results are not kept for the backward pass but computed again there: less memory for more
 * work. What `f` uses from outside gets its gradient too.
 */
export function checkpoint<A extends unknown[], R>(f: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    const before = newestNode();
    const result = whileTracing(() => f(...args));
    const make = (primitive: Primitive, inputs: readonly GraphNode[], params: unknown) =>
      makeNode(primitive, inputs, params);
    const late = new Set(treeLeaves(args).map(({ value }) => value.node));
    return mapTree(result, isTensor, (x) => new Tensor(recompute(x.node, before, make, separate, late))) as R;
  };
}

/** The number of the newest node: what is made from here on has a higher one. */
function newestNode(): number {
  return new GraphNode(identity as Primitive, [], { tag: 0 }, { dtype: "f32", shape: [] }).id;
}
