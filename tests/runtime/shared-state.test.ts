import { beforeAll, describe, expect, test } from "vitest";
import type { Storage } from "../../engine/runtime/storage.ts";
import { arange, compile, configureDevice, getDevice, scalar, zeros } from "../../mod.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

// Long enough not to be kept on the host, where no kernel could harm them.
const LENGTH = 2000;

describe("state that shares a buffer", () => {
  test("a tensor that a step passed on unchanged is not overwritten by a later one", async () => {
    const w = arange(LENGTH, undefined, 1, { dtype: "f32" });
    const step = compile((s: { w: typeof w; n: typeof w }, move: boolean) => ({
      w: move ? s.w.add(1) : s.w,
      n: s.n.add(1),
    }));
    let state = { w, n: scalar(0) };
    for (const move of [false, false, true, true]) state = step(state, move);
    expect((await state.w.data()).slice(0, 3)).toEqual(Float32Array.of(2, 3, 4));
    expect((await w.data()).slice(0, 3)).toEqual(Float32Array.of(0, 1, 2));
  });

  test("two leaves of one value part when a step moves them differently", async () => {
    const step = compile((s: { m: ReturnType<typeof zeros>; v: ReturnType<typeof zeros> }, move: boolean) =>
      move ? { m: s.m.add(1), v: s.v.add(2) } : { m: s.m, v: s.v },
    );
    let state = { m: zeros([LENGTH]), v: zeros([LENGTH]) };
    for (const move of [false, true, true]) state = step(state, move);
    expect((await state.m.data())[5]).toBe(2);
    expect((await state.v.data())[5]).toBe(4);
  });

  test("the same where many updates share a launch", async () => {
    const initial = Array.from({ length: 8 }, (_, i) => arange(LENGTH).cast("f32").add(i));
    const step = compile((s: { ws: typeof initial }, move: boolean) => ({
      ws: s.ws.map((w) => (move ? w.mul(2).add(1) : w)),
    }));
    let state = { ws: initial };
    for (const move of [false, true, true, false, true]) state = step(state, move);
    const [first, last] = [await state.ws[0]?.data(), await state.ws[7]?.data()];
    expect(first?.[3]).toBe(3 * 8 + 7);
    expect(last?.[3]).toBe(10 * 8 + 7);
    expect((await initial[7]?.data())?.[3]).toBe(10);
  });

  test("otherwise the state stays in its buffers", async () => {
    const step = compile((s: { ws: (typeof state)["ws"] }) => ({ ws: s.ws.map((w) => w.mul(2).add(1)) }));
    let state = { ws: Array.from({ length: 8 }, (_, i) => arange(LENGTH).cast("f32").add(i)) };
    const places = () => state.ws.map((w) => (w.node.stored as Storage).seat?.block.buffer);
    state = step(step(state));
    const device = await getDevice();
    await device.idle();
    const before = places();
    for (let i = 0; i < 3; i++) state = step(state);
    await device.idle();
    expect(new Set(before)).not.toContain(undefined);
    expect(places().every((place, i) => place === before[i])).toBe(true);
  });
});
