import { beforeAll, describe, expect, test } from "vitest";
import {
  arange,
  compile,
  configureDevice,
  createDevice,
  DeviceLostError,
  getDevice,
  setDevice,
  type Tensor,
  tensor,
} from "../../mod.ts";
import { nodeGPU } from "../support/host.ts";

const gpu = nodeGPU();
beforeAll(() => configureDevice({ gpu }));

// Long enough not to be kept on the host.
const LENGTH = 2000;
const many = () => arange(LENGTH, undefined, 1, { dtype: "f32" });

describe("a lost device", () => {
  test("rejects what is being read, and all reads of its tensors from then on", async () => {
    const device = await getDevice();
    const there = many().add(1).evaluate();
    await device.idle();
    const pending = [there.data(), there.mul(2).data(), there.sum().item()];
    device.gpu.destroy();
    for (const result of await Promise.allSettled(pending))
      expect((result as PromiseRejectedResult).reason).toBeInstanceOf(DeviceLostError);
    await expect(there.data()).rejects.toThrow(DeviceLostError);
    await expect(there.add(tensor([1])).data()).rejects.toThrow(DeviceLostError);
    expect(device.isLost).toBe(true);
    expect((await device.lost).reason).toBe("destroyed");
  });

  test("is replaced by a fresh one, for which tensors on the host are as good as before", async () => {
    const lost = await getDevice();
    const onHost = tensor([1, 2, 3]);
    const read = tensor([1, 2]).mul(3);
    await read.data();
    lost.gpu.destroy();
    await lost.lost;
    expect(await onHost.add(1).array()).toEqual([2, 3, 4]);
    expect(await read.add(1).array()).toEqual([4, 7]);
    const fresh = await getDevice();
    expect(fresh).not.toBe(lost);
    expect(fresh.isLost).toBe(false);
  });

  test("does not take tables with it that are kept on the host, however large", async () => {
    const values = Float32Array.from({ length: LENGTH }, (_, i) => i / 3);
    const [kept, other] = [tensor(values, { keep: true }), tensor(values)];
    const sums = compile((x: Tensor) => x.mul(kept).sum());
    const before = await sums(tensor(values)).item();
    await other.add(1).data();
    const lost = await getDevice();
    lost.gpu.destroy();
    await lost.lost;
    expect(await kept.data()).toEqual(values);
    expect(await sums(tensor(values)).item()).toBe(before);
    await expect(other.add(1).data()).rejects.toThrow(DeviceLostError);
  });

  test("fails steps that are queued, at work and yet to come; new state works on the fresh device", async () => {
    const device = await getDevice();
    const step = compile((s: { w: Tensor }, x: Tensor) => ({
      state: { w: s.w.mul(0.5).add(x) },
      loss: s.w.sum(),
    }));
    const x = tensor([1]);
    let state = { w: many() };
    const losses: Promise<number>[] = [];
    for (let i = 0; i < 12; i++) {
      const out = step(state, x);
      state = out.state;
      losses.push(out.loss.item());
      if (i === 6) device.gpu.destroy();
    }
    const results = await Promise.allSettled(losses);
    const last = results.at(-1) as PromiseRejectedResult;
    expect(last.reason).toBeInstanceOf(DeviceLostError);
    for (const r of results) if (r.status === "rejected") expect(r.reason).toBeInstanceOf(DeviceLostError);
    await expect(state.w.data()).rejects.toThrow(DeviceLostError);
    // Known to fail by now, so it fails where it is used.
    await device.lost;
    const later = () => step(state, x).loss.item();
    await expect((async () => later())()).rejects.toThrow(DeviceLostError);
    const again = step(step({ w: many() }, x).state, x);
    expect(await again.loss.item()).toBe(((LENGTH - 1) * LENGTH) / 4 + LENGTH);
  });

  test("fails work that waits for its kernels to be compiled", async () => {
    const device = await getDevice();
    const fresh = many().mul(3).sin().cumsum({ axis: 0 }).evaluate();
    device.gpu.destroy();
    await expect(fresh.data()).rejects.toThrow(DeviceLostError);
  });

  test("does not hold up those who wait for it to be idle", async () => {
    const device = await getDevice();
    const step = compile((s: { w: Tensor }) => ({ w: s.w.mul(0.5) }));
    let state = { w: many() };
    for (let i = 0; i < 20; i++) state = step(state);
    device.gpu.destroy();
    await expect(device.idle()).rejects.toThrow(DeviceLostError);
    await expect(device.idle()).rejects.toThrow(DeviceLostError);
  });

  test("is recognised when it is lost before the first work, and when it is destroyed by destroy()", async () => {
    const device = await createDevice({ gpu });
    setDevice(device);
    device.destroy();
    expect(device.isLost).toBe(true);
    expect(await tensor([1]).add(1).array()).toEqual([2]);
    expect(await getDevice()).not.toBe(device);
  });

  test("cannot be passed in", async () => {
    const adapter = await gpu.requestAdapter();
    const raw = (await adapter?.requestDevice()) as GPUDevice;
    raw.destroy();
    await raw.lost;
    await expect(createDevice({ device: raw })).rejects.toThrow(DeviceLostError);
  });
});
