// Programs drawn at random: a list of instructions, each of which takes operands from what was made before. Every
// list means a program, so that a failing one can be made shorter by leaving instructions out.
import fc from "fast-check";
import { backward } from "../../engine/autodiff/backward.ts";
import { printProgram } from "../../engine/compile/print.ts";
import { describeProgram } from "../../engine/compile/program.ts";
import { allocateHost, type DType, type HostData, isFloat } from "../../engine/core/dtype.ts";
import { sizeOf } from "../../engine/core/shape.ts";
import { placeholder } from "../../engine/evaluate.ts";
import type { GraphNode } from "../../engine/ir/node.ts";
import { ops as o } from "../../engine/ops/build.ts";
import { randomNumbers } from "../ops/accuracy.ts";
import { KINDS, type Kind, type Tools } from "./random-kinds.ts";

export interface Instruction {
  readonly op: number;
  /** Which earlier values are the operands, counted from the latest. */
  readonly from: readonly [number, number];
  /** Choices of axes, sizes and kinds. */
  readonly pick: readonly [number, number, number];
}

export interface Recipe {
  readonly shape: readonly number[];
  readonly seed: number;
  /** Whether the gradients of the results are results too. */
  readonly gradient: boolean;
  readonly instructions: readonly Instruction[];
}

const LARGEST = 3000;

export const recipes = (most = 25): fc.Arbitrary<Recipe> =>
  fc.record({
    shape: fc.array(
      fc.oneof({ weight: 12, arbitrary: fc.integer({ min: 1, max: 5 }) }, fc.constantFrom(17, 70, 300)),
      {
        maxLength: 3,
      },
    ),
    seed: fc.nat(1000),
    gradient: fc.boolean(),
    instructions: fc.array(
      fc.record({
        op: fc.nat(KINDS.length - 1),
        from: fc.tuple(fc.nat(7), fc.nat(7)),
        pick: fc.tuple(fc.nat(11), fc.nat(11), fc.nat(11)),
      }),
      { minLength: 3, maxLength: most },
    ),
  });

export interface RandomProgram {
  readonly outputs: readonly GraphNode[];
  readonly given: ReadonlyMap<GraphNode, HostData>;
  readonly text: string;
}

/** What is made of a recipe: its last value, everything that nothing else uses, and some values in between. */
export function programOf({ shape, seed, gradient, instructions }: Recipe): RandomProgram {
  const random = randomNumbers(seed);
  const made: GraphNode[] = [];
  const given = new Map<GraphNode, HostData>();
  const give = (dtype: DType, size: readonly number[]): GraphNode => {
    const x = placeholder({ dtype, shape: size }, given.size);
    const data = allocateHost(dtype, sizeOf(size));
    for (let i = 0; i < data.length; i++) data[i] = sample(dtype, random);
    given.set(x, data);
    return x;
  };
  made.push(give("f32", sizeOf(shape) > LARGEST ? shape.slice(0, 1) : shape));
  made.push(give("f32", shape.slice(-1)));
  for (const { op, from, pick } of instructions) {
    const operand = (n: number) => made[Math.max(0, made.length - 1 - n)] as GraphNode;
    const tools: Tools = { a: operand(from[0]), b: operand(from[1]), pick, give };
    const result = (KINDS[op] as Kind)(tools);
    if (result && sizeOf(result.shape) <= LARGEST && result.shape.length <= 5) made.push(result);
  }
  const used = new Set(made.flatMap((x) => x.inputs));
  const outputs = made.filter((x, i) => given.has(x) === false && (!used.has(x) || (i * 7 + seed) % 5 === 0));
  if (outputs.length === 0) outputs.push(o.neg(made[0] as GraphNode));
  if (gradient) outputs.push(...gradientsOf(outputs, [...given.keys()]));
  const program = describeProgram(outputs);
  return { outputs, given, text: printProgram(program) };
}

/** Of a weighted sum of all float results. */
function gradientsOf(outputs: readonly GraphNode[], inputs: readonly GraphNode[]): GraphNode[] {
  const seeds = outputs
    .filter((x) => isFloat(x.dtype))
    .map((node, i) => ({ node, ct: o.full(node.shape, i % 2 ? -0.5 : 1, node.dtype) }));
  return backward(seeds, inputs, o).filter((x) => x !== null);
}

function sample(dtype: DType, random: () => number): number {
  if (dtype === "bool") return random() < 0.5 ? 0 : 1;
  if (dtype === "i32") return Math.floor(random() * 13) - 6;
  if (dtype === "u32") return Math.floor(random() * 9);
  // Some numbers twice, for ties; some with few digits, for exact sums.
  const x = random() * 4 - 2;
  return random() < 0.4 ? Math.round(x * 2) / 2 : Math.fround(x);
}
