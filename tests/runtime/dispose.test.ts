import { beforeAll, describe, expect, test } from "vitest";
import {
  arange,
  compile,
  configureDevice,
  DisposedError,
  getDevice,
  scalar,
  type Tensor,
} from "../../mod.ts";
import { errorOf } from "../support/error-of.ts";
import { nodeGPU } from "../support/host.ts";

const gpu = nodeGPU();
const LENGTH = 2000;
const many = () => arange(LENGTH, undefined, 1, { dtype: "f32" });

beforeAll(() => configureDevice({ gpu }));

describe("use after dispose", () => {
  test("of an evaluated tensor, and of one that was not evaluated", async () => {
    const x = many();
    const y = x.add(1);
    await y.data();
    y.dispose();
    y.dispose();
    expect(y.isDisposed).toBe(true);
    expect(String(y)).toContain("disposed");
    await expect(y.data()).rejects.toThrow(DisposedError);
    await expect(y.mul(2).data()).rejects.toThrow(DisposedError);
    const z = x.add(2);
    z.dispose();
    expect(z.isDisposed).toBe(true);
    await expect(z.data()).rejects.toThrow(DisposedError);
    await expect(z.sum().item()).rejects.toThrow(DisposedError);
    expect((await x.data())[1]).toBe(1);
  });

  test("leaves what was made from an unevaluated tensor alone", async () => {
    const total = (() => {
      using doubled = many().mul(2);
      return doubled.sum();
    })();
    expect(await total.item()).toBe(LENGTH * (LENGTH - 1));
  });

  test("of the state that a step has updated in place", async () => {
    const step = compile((s: { w: Tensor; n: Tensor }) => ({ w: s.w.add(1), n: s.n.add(1) }), {
      name: "train",
    });
    const first = step({ w: many(), n: scalar(0) });
    const second = step(first);
    expect(first.w.isDisposed).toBe(true);
    const error = (await errorOf(first.w.data())) as DisposedError;
    expect(error).toBeInstanceOf(DisposedError);
    expect(error.facts.problem).toContain("train");
    expect(() => step(first)).toThrow(DisposedError);
    expect((await second.w.data())[0]).toBe(2);
    await (await getDevice()).idle();
    await expect(first.w.mul(2).data()).rejects.toThrow(/updated in place by train/);
  });

  test("does not take the values from work that has been handed over", async () => {
    const x = many();
    const y = x.mul(3).evaluate();
    const z = y.add(1).evaluate();
    const read = z.data();
    x.dispose();
    y.dispose();
    z.dispose();
    expect((await read)[2]).toBe(7);
    await expect(z.data()).rejects.toThrow(DisposedError);
  });

  test("a read that was asked for before a step takes its state sees the old values", async () => {
    const step = compile((s: { w: Tensor }) => ({ w: s.w.add(1) }));
    let state = step(step({ w: many() }));
    const reads: Promise<ArrayLike<number>>[] = [];
    for (let i = 0; i < 5; i++) {
      reads.push(state.w.data());
      state = step(state);
    }
    expect((await Promise.all(reads)).map((d) => d[0])).toEqual([2, 3, 4, 5, 6]);
  });
});
