import { extraSteps } from "../../../kernels/dot-parts.ts";
import type { KernelSpec } from "../../../kernels/kernel.ts";
import { type Step, scalarType } from "../../../kernels/scalar/builder.ts";
import { constantIndex, type IndexExpr } from "../../../kernels/scalar/index-algebra.ts";
import { type Shape, sizeOf } from "../../core/shape.ts";
import { dotLayout } from "../../ir/dot-layout.ts";
import type { GraphNode } from "../../ir/node.ts";
import type { DotAxes } from "../../ir/primitive.ts";
import { dotDomain } from "../cluster.ts";
import { chooseDotTile } from "../tiles.ts";
import type { KernelBody } from "./kernel-body.ts";

/** A contraction, with what its operands are computed from and what is done with its sums. */
export function dotSpec(body: KernelBody): KernelSpec {
  const c = body.c;
  const s = body.s;
  const hero = c.heroes[0] as GraphNode;
  const [a, b] = hero.inputs as [GraphNode, GraphNode];
  const p = hero.params as DotAxes;
  const { freeA, freeB, contracted } = dotLayout(a, b, p);
  const nb = p.batchA.length;
  const position = (
    rank: number,
    batch: readonly number[],
    free: readonly number[],
    from: number,
    contract: readonly number[],
    k: readonly IndexExpr[],
  ): IndexExpr[] => {
    const at = new Array<IndexExpr>(rank).fill(constantIndex(0));
    batch.forEach((axis, i) => {
      at[axis] = c.element[i] as IndexExpr;
    });
    free.forEach((axis, i) => {
      at[axis] = c.element[from + i] as IndexExpr;
    });
    contract.forEach((axis, i) => {
      at[axis] = k[i] as IndexExpr;
    });
    return at;
  };
  /** Both operands in a kernel with such loops, each over some neighbouring contracted axes. */
  const operandsIn = (inside: KernelBody, loops: readonly Shape[]) => {
    const { index } = inside.s;
    const k = loops.flatMap((axes, i) => index.unflatten(index.variable(3 + i, sizeOf(axes)), axes));
    const atA = position(a.shape.length, p.batchA, freeA, nb, p.contractA, k);
    const atB = position(b.shape.length, p.batchB, freeB, nb + freeA.length, p.contractB, k);
    const valueA = masked(inside, inside.pull(a, atA));
    return { atA, atB, valueA, valueB: masked(inside, inside.pull(b, atB)) };
  };
  let loops: Shape[] = contracted.map((n) => [n]);
  for (let i = loops.length - 2; i >= 0; i--) {
    const fewer = loops.toSpliced(i, 2, loops.slice(i, i + 2).flat());
    const attempt = body.anew();
    operandsIn(attempt, fewer);
    if (!attempt.s.steps.some(dividesStep)) loops = fewer;
  }
  const { atA, atB, valueA, valueB } = operandsIn(body, loops);
  body.flops = 0;
  body.accumulators.set(hero, s.accumulator(0, scalarType(hero.dtype)));
  const stores = c.outputs.map((x) => body.store(x, c.frames.get(x) as readonly IndexExpr[]));
  const { batch, m, n } = dotDomain(hero);
  const depth = sizeOf(contracted);
  const epilogue = body.cost(batch * m * n);
  const tile = chooseDotTile(body.profile, {
    batch,
    m,
    n,
    k: depth,
    aAlongK: lastAxisIs(a, atA, 3),
    bAlongK: lastAxisIs(b, atB, 3),
    extraA: extraSteps(s.steps, valueA),
    extraB: extraSteps(s.steps, valueB),
  });
  return {
    kind: "dot",
    ...body.spec(body.name("dot", [batch, m, n, depth]), {
      flops: 2 * batch * m * n * depth + epilogue.flops,
      bytes: epilogue.bytes,
    }),
    batch,
    m,
    n,
    contracted: loops.map(sizeOf),
    a: valueA,
    b: valueB,
    stores,
    tile,
  };
}

/** Whether a step in the loops divides, and be it by a power of two: one loop over several axes is no gain then. */
const dividesStep = ({ variables, type, text }: Step): boolean =>
  variables >> 3 !== 0 && type === "i32" && /[/%&]|>>/.test(text);

/**
 * What is 0 outside of some bounds, by a mask of bits where that is known before the innermost loop: there drivers on
 * the CPU spend as much time on a selection as on half a load.
 */
function masked(body: KernelBody, value: number): number {
  const s = body.s;
  const step = s.steps[value] as Step;
  const [condition, inside, zero] = step.args as [number, number, number];
  if (body.profile.kind === "gpu" || !s.isSelection(value) || zero !== s.constant("f32", 0)) return value;
  const mask = s.select(condition, s.constant("u32", 0xffffffff), s.constant("u32", 0));
  return s.compute("f32", "bitcast<f32>(bitcast<u32>($0) & $1)", [inside, mask]);
}

/** Whether neighbouring values of the contracted index are neighbours in memory, for an operand that is read as it is. */
function lastAxisIs(x: GraphNode, at: readonly IndexExpr[], firstVariable: number): boolean {
  let node = x;
  let position = at;
  while (node.primitive.name === "permute" && !node.stored) {
    const { axes } = node.params as { axes: readonly number[] };
    const back: IndexExpr[] = [];
    axes.forEach((a, i) => {
      back[a] = position[i] as IndexExpr;
    });
    position = back;
    node = node.inputs[0] as GraphNode;
  }
  const last = position[position.length - 1];
  return last?.terms.some(([atom]) => atom.variables >> firstVariable !== 0) ?? false;
}
