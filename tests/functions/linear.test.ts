import { expect, test } from "vitest";
import * as nodes from "../../engine/functions/linear.ts";
import * as m from "../../mod.ts";
import { check, errorOf, useNodeDevice } from "./check.ts";
import { checkGrids, type ExpectedGrid, Grid, range, sum } from "./grids.ts";
import { checkGradients, operand } from "./host-gradients.ts";

useNodeDevice();

/** NumPy's matmul by loops, for operands of rank 2 or more. */
function product(a: Grid, b: Grid): Grid {
  const rank = Math.max(a.shape.length, b.shape.length);
  const wide = (x: Grid) => [...range(rank - x.shape.length).map(() => 1), ...x.shape];
  const [sa, sb] = [wide(a), wide(b)];
  const shape = range(rank).map((i) => {
    if (i === rank - 2) return sa[i] as number;
    return i === rank - 1 ? (sb[i] as number) : Math.max(sa[i] as number, sb[i] as number);
  });
  const read = (x: Grid, sizes: readonly number[], at: readonly number[]) =>
    x.get(...at.map((n, i) => (sizes[i] === 1 ? 0 : n)).slice(rank - x.shape.length));
  return Grid.from(shape, (...at) =>
    sum(
      range(sa[rank - 1] as number).map((k) => {
        const [row, column] = at.slice(rank - 2) as [number, number];
        const lead = at.slice(0, rank - 2);
        return read(a, sa, [...lead, row, k]) * read(b, sb, [...lead, k, column]);
      }),
    ),
  );
}

const stacks: [number[], number[]][] = [
  [
    [2, 3],
    [3, 4],
  ],
  [
    [5, 2, 3],
    [3, 4],
  ],
  [
    [2, 3],
    [5, 3, 4],
  ],
  [
    [4, 2, 3],
    [4, 3, 5],
  ],
  [
    [5, 1, 2, 7],
    [3, 7, 4],
  ],
  [
    [2, 1, 2, 3],
    [1, 4, 3, 2],
  ],
  [
    [1, 2, 3],
    [4, 3, 5],
  ],
  [
    [6, 4, 2, 3],
    [4, 3, 5],
  ],
  [
    [17, 33],
    [33, 9],
  ],
];

test("matmul broadcasts stacks of matrices", async () => {
  const cases = stacks.map(([a, b], i): [string, ExpectedGrid] => {
    const [x, y] = [Grid.random(a, i + 1), Grid.random(b, i + 50)];
    return [`[${a}] by [${b}]`, [m.matmul(x.tensor, y.tensor), product(x, y)]];
  });
  await checkGrids(Object.fromEntries(cases));
});

test("matmul of vectors, integers, mixed dtypes and empty operands", async () => {
  const v = m.tensor([1, -2, 3]);
  const a = m.tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  const integers = m.tensor([2 ** 30, 3], { dtype: "i32" });
  await check({
    inner: [m.matmul(v, v), 14],
    row: [m.matmul(v, a.transpose()), [6, 12]],
    column: [m.matmul(a, v), [6, 12]],
    "row by a stack": [
      m.matmul(v, m.stack([a.transpose(), a.transpose()])),
      [
        [6, 12],
        [6, 12],
      ],
    ],
    "stack by a column": [
      m.matmul(m.stack([a, a]), v),
      [
        [6, 12],
        [6, 12],
      ],
    ],
    "integers wrap": [m.matmul(m.tensor([[4, 5]], { dtype: "i32" }), integers), [15], 0],
    promoted: [m.matmul(m.tensor([1, 2, 3], { dtype: "i32" }), v), 6],
    "nothing to sum": [
      m.matmul(m.zeros([2, 0]), m.zeros([0, 3])),
      [
        [0, 0, 0],
        [0, 0, 0],
      ],
      0,
    ],
    "no rows": [m.matmul(m.zeros([0, 2]), m.zeros([2, 3])), [], 0],
    "infinity stays in its row": [
      m.matmul(
        m.tensor([
          [Infinity, 0],
          [1, 2],
        ]),
        m.tensor([[1], [1]]),
      ),
      [[Infinity], [3]],
      0,
    ],
  });
});

test("matmul says what does not fit, and what would", () => {
  expect(() => m.matmul(m.zeros([32, 197, 384]), m.zeros([768, 384]))).toThrow(
    "matmul: inner dimensions differ: a is f32[32,197,384], b is f32[768,384]; need a.shape[-1] equal to b.shape[-2]; " +
      "try b.transpose(-1, -2)",
  );
  expect(errorOf(() => m.matmul(m.zeros([2, 3]), m.zeros([4, 5])))).toEqual({
    name: "ShapeError",
    op: "matmul",
    problem: "inner dimensions differ",
  });
  expect(() => m.matmul(m.zeros([2, 3]), m.zeros([4, 5]))).not.toThrow("try");
  expect(errorOf(() => m.matmul(m.zeros([2, 2, 3]), m.zeros([3, 3, 4]))).problem).toBe(
    "shapes do not broadcast",
  );
  expect(errorOf(() => m.matmul(m.zeros([]), m.zeros([3]))).problem).toBe("a scalar is no matrix");
  expect(errorOf(() => m.matmul(m.tensor([true]), m.tensor([true]))).name).toBe("DTypeError");
});

test("linear, bilinear, dot, vdot, vecdot, outer and tensordot", async () => {
  const [x, w, b] = [Grid.random([2, 3, 4], 1), Grid.random([5, 4], 2), Grid.random([5], 3)];
  const y = Grid.random([2, 3, 6], 4);
  const w2 = Grid.random([2, 4, 6], 5);
  const t = Grid.random([4, 3, 5], 6);
  const weighted = (at: number[]) =>
    sum(range(4).map((i) => x.get(at[0]!, at[1]!, i) * w.get(at[2]!, i))) + b.get(at[2]!);
  await checkGrids({
    linear: [m.linear(x.tensor, w.tensor, b.tensor), Grid.from([2, 3, 5], (...at) => weighted(at))],
    "linear of a vector": [
      m.linear(m.tensor(x.data.slice(0, 4)), w.tensor, b.tensor),
      Grid.from([5], (o) => weighted([0, 0, o])),
    ],
    bilinear: [
      m.bilinear(x.tensor, y.tensor, w2.tensor),
      Grid.from([2, 3, 2], (n, k, o) =>
        sum(range(24).map((i) => x.get(n, k, i % 4) * w2.get(o, i % 4, i >> 2) * y.get(n, k, i >> 2))),
      ),
    ],
    outer: [m.outer(m.tensor([1, 2]), m.tensor([3, 4, 5])), new Grid([2, 3], [3, 4, 5, 6, 8, 10])],
    dot: [m.dot(m.tensor([1, 2]), m.tensor([3, 4])), new Grid([], [11])],
    vdot: [m.vdot(m.tensor([[1, 2]]), m.tensor([[3], [4]])), new Grid([], [11])],
    vecdot: [
      m.vecdot(x.tensor, x.tensor, { axis: 1 }),
      Grid.from([2, 4], (i, k) => sum(range(3).map((j) => x.get(i, j, k) ** 2))),
    ],
    tensordot: [
      m.tensordot(x.tensor, t.tensor, {
        axes: [
          [2, 1],
          [0, 1],
        ],
      }),
      Grid.from([2, 5], (i, o) =>
        sum(range(12).map((j) => x.get(i, j % 3, Math.floor(j / 3)) * t.get(Math.floor(j / 3), j % 3, o))),
      ),
    ],
    "tensordot of no axes": [
      m.tensordot(m.tensor([1, 2]), m.tensor([3, 4]), { axes: 0 }),
      new Grid([2, 2], [3, 4, 6, 8]),
    ],
  });
  expect(errorOf(() => m.linear(x.tensor, m.zeros([5, 3]))).problem).toBe("input features differ");
  expect(errorOf(() => m.linear(x.tensor, w.tensor, m.zeros([4]))).problem).toBe("one bias for each output");
  expect(errorOf(() => m.dot(w.tensor, w.tensor)).problem).toBe("not two vectors of one length");
  expect(errorOf(() => m.tensordot(x.tensor, t.tensor)).problem).toBe("contracted axes differ");
});

test("gradients", () => {
  for (const [a, b] of stacks.slice(0, -1)) checkGradients(nodes.matmul, [operand(a, 1), operand(b, 2)]);
  checkGradients(nodes.matmul, [operand([3], 1), operand([2, 3, 4], 2)]);
  checkGradients(nodes.matmul, [operand([2, 4, 3], 1), operand([3], 2)]);
  checkGradients(nodes.matmul, [operand([3], 1), operand([3], 2)]);
  checkGradients(nodes.linear, [operand([2, 3, 4], 1), operand([5, 4], 2), operand([5], 3)], {
    second: true,
  });
  checkGradients(nodes.bilinear, [
    operand([2, 4], 1),
    operand([2, 3], 2),
    operand([2, 4, 3], 3),
    operand([2], 4),
  ]);
  checkGradients(
    (a, b) =>
      nodes.tensordot(a, b, {
        axes: [
          [0, 2],
          [1, 0],
        ],
      }),
    [operand([3, 2, 4], 1), operand([4, 3, 5], 2)],
  );
});
