import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Device } from "../../mod.ts";
import {
  arange,
  compile,
  createDevice,
  DeviceLimitError,
  OutOfMemoryError,
  setDevice,
  type Tensor,
  tensor,
  zeros,
} from "../../mod.ts";
import { type Faults, faultyDevice } from "../support/faulty-device.ts";
import { nodeGPU } from "../support/host.ts";

const gpu = nodeGPU();
let raw: GPUDevice;
beforeAll(async () => {
  raw = (await (await gpu.requestAdapter())?.requestDevice()) as GPUDevice;
});

let faults: Faults;
let device: Device;
beforeEach(async () => {
  faults = {};
  device = await createDevice({ device: faultyDevice(raw, faults) });
  setDevice(device);
});

const LENGTH = 10_000;
const many = (n = LENGTH) => arange(n, undefined, 1, { dtype: "f32" });

describe("exhausted memory", () => {
  test("is told to who reads, with the bytes that were asked for", async () => {
    faults.refuses = (bytes) => bytes >= 4 * LENGTH;
    const error = await many()
      .add(1)
      .data()
      .catch((e) => e);
    expect(error).toBeInstanceOf(OutOfMemoryError);
    expect(error.bytes).toBeGreaterThanOrEqual(4 * LENGTH);
    faults.refuses = () => false;
    expect((await many().add(1).data())[9]).toBe(10);
  });

  test("is asked a second time after unused buffers were given back", async () => {
    const first = many(50_000).add(1);
    await first.data();
    first.dispose();
    expect(device.memory().pooled).toBeGreaterThan(200_000);
    const asked: number[] = [];
    faults.refuses = (bytes, label) => {
      if (label === "staging") return false;
      asked.push(bytes);
      return device.memory().pooled > 0;
    };
    expect((await many(20_000).mul(2).data())[3]).toBe(6);
    const size = asked[0] as number;
    expect(asked.filter((n) => n === size)).toHaveLength(2);
    expect(device.memory().pooled).toBeLessThan(200_000);
  });

  test("takes back what compiled functions keep between their calls", async () => {
    const evaluation = compile((x: Tensor) =>
      x.mul(2).cumsum({ axis: 0 }).mul(0.5).cumsum({ axis: 0 }).sum(),
    );
    expect(await evaluation(many()).item()).toBeGreaterThan(0);
    const kept = device.memory().live;
    let relieved = kept;
    faults.refuses = (bytes, label) => {
      if (bytes < 1e6 || label === "staging") return false;
      relieved = Math.min(relieved, device.memory().live - bytes);
      return device.memory().live - bytes > kept / 2;
    };
    expect((await many(300_000).add(1).data())[1]).toBe(2);
    expect(relieved).toBeLessThan(kept / 2);
    expect(await evaluation(many()).item()).toBeGreaterThan(0);
  });

  test("leaves a step's old state usable, and later calls unharmed", async () => {
    const step = compile((s: { w: Tensor }, x: Tensor) => ({
      state: { w: s.w.add(x.sum()) },
      loss: x.mul(2).cumsum({ axis: 0 }).sum(),
    }));
    const x = tensor([1, 2, 3]);
    const first = step({ w: many() }, x).state;
    await device.idle();
    faults.refuses = (bytes) => bytes >= 4 * LENGTH;
    const failed = step(first, many());
    await expect(failed.loss.item()).rejects.toThrow(OutOfMemoryError);
    await expect(failed.state.w.data()).rejects.toThrow(OutOfMemoryError);
    await expect(failed.state.w.add(1).data()).rejects.toThrow(OutOfMemoryError);
    faults.refuses = () => false;
    expect(first.w.isDisposed).toBe(false);
    expect((await first.w.data())[5]).toBe(5 + 6);
    const second = step(first, x);
    expect(await second.loss.item()).toBe(2 * (1 + 3 + 6));
    expect((await second.state.w.data())[5]).toBe(5 + 12);
  });

  test("for small results of steps is over when there is room again", async () => {
    const step = compile((x: Tensor) => x.sum());
    const x = tensor([1, 2, 3]);
    await step(tensor([1, 2])).item();
    const fresh = await createDevice({ device: faultyDevice(raw, faults) });
    setDevice(fresh);
    const before = fresh.memory().live;
    faults.refuses = (_, label) => label === "small results";
    await expect(step(x).item()).rejects.toThrow(OutOfMemoryError);
    await expect(step(x).item()).rejects.toThrow(OutOfMemoryError);
    expect(fresh.memory().live - before).toBeLessThan(300_000);
    faults.refuses = () => false;
    const results = [step(x), step(x.add(1))];
    expect(await Promise.all(results.map((y) => y.item()))).toEqual([6, 9]);
  });

  test("while reading back fails that read alone", async () => {
    const x = many().add(1).evaluate();
    await device.idle();
    faults.refuses = (_, label) => label === "staging";
    await expect(x.data()).rejects.toThrow(OutOfMemoryError);
    faults.refuses = () => false;
    expect((await x.data())[0]).toBe(1);
  });

  test("keeps the books straight", async () => {
    const before = device.memory().live;
    faults.refuses = (bytes) => bytes >= 4 * LENGTH;
    for (let i = 0; i < 3; i++) {
      const y = many().mul(i).add(1);
      await expect(y.data()).rejects.toThrow(OutOfMemoryError);
      y.dispose();
    }
    expect(device.memory().live).toBe(before);
  });
});

describe("an exceeded limit", () => {
  test("of a binding is told with what was asked and offered, and no value is given", async () => {
    const small = await createDevice({
      device: faultyDevice(raw, { limits: { maxStorageBufferBindingSize: 16384 } }),
    });
    setDevice(small);
    const error = await many()
      .add(1)
      .data()
      .catch((e) => e);
    expect(error).toBeInstanceOf(DeviceLimitError);
    expect([error.limit, error.asked, error.offered]).toEqual([
      "maxStorageBufferBindingSize",
      4 * LENGTH,
      16384,
    ]);
    expect(error.message).toContain("add");
    expect((await many(4096).add(1).data())[4095]).toBe(4096);
    // An argument that has failed already fails the call itself.
    const step = compile((x: Tensor) => x.mul(2));
    expect(() => step(many())).toThrow(DeviceLimitError);
    expect((await step(many(100)).data())[99]).toBe(198);
  });

  test("of a buffer, for an upload as for a result", async () => {
    const small = await createDevice({ device: faultyDevice(raw, { limits: { maxBufferSize: 8192 } }) });
    setDevice(small);
    const error = await tensor(new Float32Array(3000))
      .sum()
      .item()
      .catch((e) => e);
    expect(error).toBeInstanceOf(DeviceLimitError);
    expect([error.limit, error.asked, error.offered]).toEqual(["maxBufferSize", 12_000, 8192]);
    await expect(many(3000).add(1).data()).rejects.toThrow(DeviceLimitError);
    expect(await zeros([2000]).add(1).sum().item()).toBe(2000);
    expect(small.memory().live).toBeLessThan(8192 * 3);
  });

  test("leaves the state of a step as it was", async () => {
    const small = await createDevice({
      device: faultyDevice(raw, { limits: { maxStorageBufferBindingSize: 16384 } }),
    });
    setDevice(small);
    const step = compile((s: { w: Tensor }, x: Tensor) => ({ w: s.w.add(x.sum()) }));
    const state = step(step({ w: zeros([1000]) }, many(10)), many(10));
    const failed = step(state, tensor(new Float32Array(LENGTH)));
    await expect(failed.w.data()).rejects.toThrow(DeviceLimitError);
    expect((await state.w.data())[0]).toBe(90);
    expect((await step(state, many(10)).w.data())[0]).toBe(135);
  });

  test("does not hold for tensors that fit one by one, however many a step updates", async () => {
    const limits = { maxStorageBufferBindingSize: 65_536, maxBufferSize: 131_072 };
    setDevice(await createDevice({ device: faultyDevice(raw, { limits }) }));
    const step = compile((s: { ws: Tensor[] }) => ({ ws: s.ws.map((w) => w.mul(2).add(1)) }));
    let state = { ws: Array.from({ length: 10 }, (_, i) => many(5000).add(i)) };
    for (let i = 0; i < 2; i++) state = step(state);
    expect((await state.ws[0]?.data())?.[1]).toBe(7);
    expect((await state.ws[9]?.data())?.[0]).toBe(39);
  });
});
