import { beforeAll, describe, expect, test } from "vitest";
import { makeNode } from "../../engine/ir/node.ts";
import type { Primitive } from "../../engine/ir/primitive.ts";
import { sin } from "../../engine/ops/unary.ts";
import {
  arange,
  CheckError,
  compile,
  configureDevice,
  grad,
  ones,
  Tensor,
  tensor,
  valueAndGrad,
  withDebug,
  zeros,
} from "../../mod.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const quiet = { print: () => undefined };

/** `sin` with a kernel that is right for small operands alone. */
const wrongSine: Primitive = {
  ...(sin as Primitive),
  name: "wrongSine",
  lower: { kind: "elementwise", cost: 1, text: ([x]) => `(${x} - ${x} * ${x} * ${x} / 6.0f)` },
};
const approximate = (x: Tensor): Tensor => new Tensor(makeNode(wrongSine, [x.node]));

async function errorOf(work: () => Promise<unknown>): Promise<CheckError> {
  const error = await work().then(
    () => null,
    (e) => e,
  );
  if (!(error instanceof CheckError)) throw error ?? new Error("nothing was found");
  return error;
}

describe("compare", () => {
  const run = (body: () => Promise<unknown>) => withDebug({ compare: true, ...quiet }, body);

  test("names the first kernel that differs from the reference, and where", async () => {
    const x = arange(12, undefined, 1, { dtype: "f32" }).mul(0.2).reshape([3, 4]);
    const error = await errorOf(() =>
      run(() =>
        approximate(x.matmul(ones([4, 4])).mul(0.3))
          .sum({ axis: 1 })
          .exp()
          .data(),
      ),
    );
    expect(error.check).toBe("compare");
    expect(error.ops).toContain("wrongSine");
    expect(error.kernel).toMatch(/wrongSine/);
    expect(error.message).toMatch(/differs from the reference in \d+ of \d+ elements: .*reference is/);
  });

  test("finds nothing in a whole training step, and gives the right values", async () => {
    const step = compile(({ w, m }: { w: Tensor; m: Tensor }, x: Tensor) => {
      const { value, grads } = valueAndGrad((v: Tensor) => x.matmul(v).tanh().softmax().log().mean())(w);
      const next = m.mul(0.9).add(grads);
      return { state: { w: w.sub(next.mul(0.1)), m: next }, loss: value };
    });
    const start = () => ({ w: arange(12).cast("f32").mul(0.1).reshape([4, 3]), m: zeros([4, 3]) });
    const x = tensor([
      [0.1, -0.4, 0.3, 0.9],
      [0.5, 0.2, -0.6, 0.7],
    ]);
    const losses = async () => {
      let state = start();
      const found: number[] = [];
      for (let i = 0; i < 3; i++) {
        const out = step(state, x);
        state = out.state;
        found.push(await out.loss.item());
      }
      return [...found, ...(await state.w.data())];
    };
    const plain = await losses();
    expect(await run(losses)).toEqual(plain);
  });

  test("what it finds does not stay: the same function runs again without it", async () => {
    const x = tensor([2, 3, 4]);
    const step = compile((y: Tensor) => approximate(y));
    await errorOf(() => run(() => step(x).data()));
    expect((await step(x).data())[0]).toBeCloseTo(2 - 8 / 6);
  });

  test("covers integers, booleans, sorting and what has several kernels", async () => {
    const x = tensor([5, 3, 9, 1, 7, 2]);
    const sorted = await run(() => x.argsort().data());
    expect([...(sorted as Int32Array)]).toEqual([3, 5, 1, 0, 4, 2]);
    expect(await run(() => x.greater(4).array())).toEqual([true, false, true, false, true, false]);
  });
});

describe("nanCheck", () => {
  const run = (body: () => Promise<unknown>) => withDebug({ nanCheck: true, ...quiet }, body);

  test("names the op that makes the first NaN in the middle of a kernel", async () => {
    const x = tensor([1, 2, -3]);
    const error = await errorOf(() => run(() => x.mul(2).log().add(1).softmax().data()));
    expect(error.check).toBe("nan");
    expect(error.ops).toEqual(["log"]);
    expect(error.message).toMatch(/log makes the first NaN .*operand 0 is f32\[3\] from -6 to 4/);
  });

  test("names it in the backward pass", async () => {
    const x = tensor([4, 0, 1]);
    const gradient = compile(
      grad((y: Tensor) =>
        y
          .sqrt()
          .mul(tensor([1, 0, 1]))
          .sum(),
      ),
    );
    const error = await errorOf(() => run(() => gradient(x).data()));
    expect(error.ops).toEqual(["sqrt (backward)"]);
  });

  test("sees overflow as the device does", async () => {
    const x = tensor([1, 100]);
    const error = await errorOf(() =>
      run(() => {
        const e = x.exp();
        return e.sub(e.mul(2)).data();
      }),
    );
    expect(error.ops).toEqual(["sub"]);
  });

  test("tells an input that holds NaN from the start", async () => {
    const error = await errorOf(() => run(() => tensor([1, Number.NaN]).add(1).data()));
    expect(error.message).toMatch(/input 0 already holds NaN: input is f32\[2\]/);
    expect(error.kernel).toBeNull();
  });

  test("lets a clean program through", async () => {
    const x = tensor([1, 2, 3]);
    expect(await run(() => x.log().exp().round().array())).toEqual([1, 2, 3]);
  });
});
