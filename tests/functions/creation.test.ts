import { expect, test } from "vitest";
import * as m from "../../mod.ts";
import { check, errorOf, useNodeDevice } from "./check.ts";

useNodeDevice();

test("constants", async () => {
  expect(m.zeros(3).dtype).toBe("f32");
  expect(m.full([1], true).dtype).toBe("bool");
  expect(m.onesLike(m.zeros([2], { dtype: "u32" })).dtype).toBe("u32");
  expect(m.zerosLike(m.zeros([2]), { dtype: "i32" }).dtype).toBe("i32");
  await check({
    zeros: [
      m.zeros([2, 2]),
      [
        [0, 0],
        [0, 0],
      ],
    ],
    ones: [m.ones([2], { dtype: "i32" }), [1, 1]],
    full: [m.full([2], -2.5), [-2.5, -2.5]],
    "full of infinity": [m.full([], Infinity), Infinity],
    fullLike: [m.fullLike(m.zeros([1, 2]), 7), [[7, 7]]],
    empty: [m.ones([2, 0]), [[], []]],
  });
});

test("constants of all types are the same from the host, from a kernel and within one", async () => {
  const device = await m.getDevice();
  const values = { f32: 0.1, f16: 0.1, i32: -2.5, u32: -1, bool: 7 };
  const expected = { f32: Math.fround(0.1), f16: 0.0999755859375, i32: -2, u32: 4294967295, bool: 1 };
  for (const dtype of ["f32", "f16", "i32", "u32", "bool"] as const) {
    if (dtype === "f16" && !device.gpu.features.has("shader-f16")) continue;
    const make = (shape: number[]) => m.full(shape, values[dtype], { dtype });
    const before = device.pipelines.compiled;
    const alone = make([3]).evaluate();
    await alone.data();
    expect(device.pipelines.compiled - before, dtype).toBe(dtype === "f16" ? 1 : 0);
    for (const x of [alone, make([2, 3]).slice([1]).reshape([3]), m.concat([make([1]), make([2])])])
      expect([...(await x.data())].map(Number), dtype).toEqual(Array(3).fill(expected[dtype]));
  }
});

test("ranges", async () => {
  expect(m.arange(3).dtype).toBe("i32");
  expect(m.arange(0, 1, 0.5).dtype).toBe("f32");
  expect(m.linspace(0, 1, 3, { dtype: "f16" }).dtype).toBe("f16");
  await check({
    "arange to": [m.arange(4), [0, 1, 2, 3], 0],
    "arange from to": [m.arange(-1, 2), [-1, 0, 1], 0],
    "arange by": [m.arange(5, 0, -2), [5, 3, 1], 0],
    "arange of fractions": [m.arange(0, 1, 0.25), [0, 0.25, 0.5, 0.75]],
    "arange of large integers": [m.arange(16777217, 16777220), [16777217, 16777218, 16777219], 0],
    "arange as floats": [m.arange(1, 3, 1, { dtype: "f32" }), [1, 2], 0],
    "arange of nothing": [m.arange(3, 1), []],
    linspace: [m.linspace(-1, 1, 5), [-1, -0.5, 0, 0.5, 1], 0],
    "linspace ends exactly": [m.linspace(0.1, 0.7, 7).slice([6]), [Math.fround(0.7)], 0],
    "linspace without its end": [m.linspace(0, 1, 4, { endpoint: false }), [0, 0.25, 0.5, 0.75], 0],
    "linspace of one": [m.linspace(3, 9, 1), [3], 0],
    "linspace of none": [m.linspace(3, 9, 0), []],
  });
  expect(errorOf(() => m.arange(0, 1, 0))).toMatchObject({ name: "AxisError", op: "arange" });
  expect(errorOf(() => m.linspace(0, 1, -1))).toMatchObject({ name: "ShapeError", op: "linspace" });
});

test("matrices", async () => {
  const x = m.arange(1, 13).reshape([3, 4]);
  await check({
    eye: [
      m.eye(2),
      [
        [1, 0],
        [0, 1],
      ],
      0,
    ],
    "eye above": [
      m.eye(2, 3, { k: 1 }),
      [
        [0, 1, 0],
        [0, 0, 1],
      ],
      0,
    ],
    "eye below": [
      m.eye(3, 2, { k: -1, dtype: "i32" }),
      [
        [0, 0],
        [1, 0],
        [0, 1],
      ],
      0,
    ],
    tril: [
      m.tril(x),
      [
        [1, 0, 0, 0],
        [5, 6, 0, 0],
        [9, 10, 11, 0],
      ],
      0,
    ],
    "tril above": [
      x.tril({ k: 1 }),
      [
        [1, 2, 0, 0],
        [5, 6, 7, 0],
        [9, 10, 11, 12],
      ],
      0,
    ],
    triu: [
      m.triu(x),
      [
        [1, 2, 3, 4],
        [0, 6, 7, 8],
        [0, 0, 11, 12],
      ],
      0,
    ],
    "triu below": [
      m.triu(x, { k: -1 }),
      [
        [1, 2, 3, 4],
        [5, 6, 7, 8],
        [0, 10, 11, 12],
      ],
      0,
    ],
    "triu hides infinity": [
      m.triu(m.full([2, 2], Infinity)),
      [
        [Infinity, Infinity],
        [0, Infinity],
      ],
      0,
    ],
  });
  expect(errorOf(() => m.tril(m.zeros([3])))).toMatchObject({ name: "ShapeError", op: "tril" });
});

test("one-hot vectors and grids", async () => {
  const indices = m.tensor(
    [
      [0, 2],
      [3, -1],
    ],
    { dtype: "i32" },
  );
  const [x, y] = [m.tensor([1, 2, 3]), m.tensor([10, 20])];
  const [gx, gy] = m.meshgrid([x, y]) as [m.Tensor, m.Tensor];
  const [hx, hy] = m.meshgrid([x, y], { indexing: "ij" }) as [m.Tensor, m.Tensor];
  await check({
    oneHot: [
      m.oneHot(indices, 3),
      [
        [
          [1, 0, 0],
          [0, 0, 1],
        ],
        [
          [0, 0, 0],
          [0, 0, 0],
        ],
      ],
      0,
    ],
    "xy, columns": [
      gx,
      [
        [1, 2, 3],
        [1, 2, 3],
      ],
      0,
    ],
    "xy, rows": [
      gy,
      [
        [10, 10, 10],
        [20, 20, 20],
      ],
      0,
    ],
    "ij, first": [
      hx,
      [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
      0,
    ],
    "ij, second": [
      hy,
      [
        [10, 20],
        [10, 20],
        [10, 20],
      ],
      0,
    ],
  });
  expect(errorOf(() => m.oneHot(m.zeros([2]), 3))).toMatchObject({ name: "DTypeError", op: "oneHot" });
  expect(errorOf(() => m.meshgrid([m.zeros([2, 2])]))).toMatchObject({ name: "ShapeError", op: "meshgrid" });
});
