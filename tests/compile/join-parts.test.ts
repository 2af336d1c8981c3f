import { beforeAll, describe, expect, test } from "vitest";
import {
  compile,
  concat,
  configureDevice,
  explain,
  matmul,
  relu,
  stack,
  type Tensor,
  tensor,
  withDebug,
} from "../../mod.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const values = (shape: readonly number[], seed = 1): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(seed + i * i)),
    { shape },
  );

/** The same function with each op in a kernel of its own, where nothing is joined. */
async function agrees(f: (...xs: Tensor[]) => Tensor, ...xs: Tensor[]): Promise<void> {
  const joined = await f(...xs).data();
  const apart = await withDebug({ fuse: false }, () => f(...xs).data());
  expect(joined.length).toBe(apart.length);
  expect(Math.max(...joined.map((x, i) => Math.abs(x - (apart[i] as number))))).toBeLessThan(1e-5);
}

describe("parts of a concatenation are written where they belong", () => {
  const [x, v, w] = [values([6, 40]), values([40, 30], 2), values([40, 50], 3)];
  const heads = (x: Tensor, v: Tensor, w: Tensor) => concat([matmul(x, v), matmul(x, w)], { axis: 1 });

  test("by the kernels that make them", async () => {
    const { kernels } = explain(heads, x, v, w);
    expect(kernels.map(({ ops }) => ops)).toEqual([["matmul"]]); // two in one launch
    await agrees(heads, x, v, w);
  });

  test("and take no room of their own", () => {
    const { peakBytes, bytesMoved } = explain(heads, x, v, w);
    const bytes = 4 * (6 * 40 + 40 * 30 + 40 * 50 + 6 * 80);
    expect(peakBytes).toBeLessThan(bytes + 1024);
    expect(bytesMoved).toBe(bytes + 4 * 6 * 40); // both kernels read x
  });

  test("through views, inside one another, along several axes", async () => {
    const f = (x: Tensor, v: Tensor, w: Tensor) => {
      const rows = [x, relu(x).mul(2)].map((y) =>
        concat([matmul(y, v).reshape([6, 5, 6]), matmul(y, w).reshape([6, 5, 10]).permute([0, 1, 2])], {
          axis: 2,
        }),
      );
      return stack(rows).reshape([12, 80]);
    };
    expect(explain(f, x, v, w).kernels.filter(({ ops }) => ops.includes("concat"))).toEqual([]);
    await agrees(f, x, v, w);
  });

  test("before those who read the whole", async () => {
    const f = (x: Tensor, v: Tensor, w: Tensor) => matmul(heads(x, v, w).transpose(), x).sum({ axis: 1 });
    await agrees(f, x, v, w);
    await agrees((x, v, w) => heads(x, v, w).softmax(), x, v, w);
  });

  test("but not where a part is wanted itself, comes twice, or is given", async () => {
    const twice = (x: Tensor, v: Tensor) => {
      const y = matmul(x, v);
      return concat([y, y]);
    };
    await agrees(twice, x, v);
    await agrees((x, v) => concat([matmul(x, v), x], { axis: 1 }), x, v);
    const both = compile((x: Tensor, v: Tensor, w: Tensor) => {
      const y = matmul(x, v);
      return { y, all: concat([y, matmul(x, w)], { axis: 1 }) };
    })(x, v, w);
    const [y, all] = await Promise.all([both.y.data(), both.all.data()]);
    expect(Array.from(all.slice(0, 30))).toEqual(Array.from(y.slice(0, 30)));
  });

  test("and the check against the reference sees them", async () => {
    await withDebug({ compare: true }, async () => {
      expect((await heads(x, v, w).data()).length).toBe(480);
    });
  });
});
