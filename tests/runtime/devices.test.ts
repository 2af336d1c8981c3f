import { beforeAll, describe, expect, test } from "vitest";
import { softwareProfile } from "../../engine/core/profile.ts";
import { Device as DeviceClass } from "../../engine/runtime/device.ts";
import {
  arange,
  compile,
  configureDevice,
  createDevice,
  type Device,
  DeviceMismatchError,
  getDevice,
  setDevice,
  type Tensor,
  tensor,
} from "../../mod.ts";
import { errorOf } from "../support/error-of.ts";
import { nodeGPU } from "../support/host.ts";

const gpu = nodeGPU();
const LENGTH = 2000;
const many = () => arange(LENGTH, undefined, 1, { dtype: "f32" });

beforeAll(() => configureDevice({ gpu }));

describe("a device of the user's", () => {
  test("is worked on, not listened to, and not destroyed", async () => {
    const raw = (await (await gpu.requestAdapter())?.requestDevice()) as GPUDevice;
    const device = await createDevice({ device: raw });
    setDevice(device);
    expect(device.gpu).toBe(raw);
    const x = many().add(1);
    expect((await x.data())[0]).toBe(1);
    raw.addEventListener("uncapturederror", (event) => event.preventDefault());
    raw.createBuffer({ size: 16, usage: 0xffff });
    await raw.queue.onSubmittedWorkDone();
    expect((await x.mul(2).data())[0]).toBe(2);
    device.destroy();
    const alive = raw.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ });
    await alive.mapAsync(GPUMapMode.READ);
    raw.destroy();
    expect(await getDevice()).not.toBe(device);
  });
});

describe("two devices", () => {
  let a: Device;
  let b: Device;
  beforeAll(async () => {
    [a, b] = await Promise.all([createDevice({ gpu }), createDevice({ gpu })]);
  });

  test("each keeps the work on its own tensors", async () => {
    setDevice(a);
    const onA = many().add(1).evaluate();
    setDevice(b);
    const onB = many().add(2).evaluate();
    const [fromA, fromB] = [onA.mul(2), onB.mul(2)];
    expect((await fromA.data())[1]).toBe(4);
    expect((await fromB.data())[1]).toBe(6);
    await Promise.all([a.idle(), b.idle()]);
    const before = [a.memory().live, b.memory().live];
    fromA.dispose();
    expect([a.memory().live < (before[0] as number), b.memory().live === before[1]]).toEqual([true, true]);
    const error = await errorOf(onA.add(onB).data());
    expect(error).toBeInstanceOf(DeviceMismatchError);
    expect((error as DeviceMismatchError).op).toBe("add");
  });

  test("share what is on the host", async () => {
    const step = compile((w: Tensor, x: Tensor) => w.add(x));
    const x = tensor([1]);
    setDevice(a);
    const onA = many().evaluate();
    setDevice(b);
    const onB = many().evaluate();
    expect((await step(onA, x).data())[1]).toBe(2);
    expect((await step(onB, x).data())[1]).toBe(2);
    expect((await step(onA, x).data())[2]).toBe(3);
    expect(step.compilations).toBe(1);
  });

  test("losing one does not harm the other", async () => {
    setDevice(a);
    const onA = many().add(1).evaluate();
    setDevice(b);
    const onB = many().add(2).evaluate();
    await Promise.all([a.idle(), b.idle()]);
    a.destroy();
    await expect(onA.data()).rejects.toThrow(/lost/);
    await expect(onA.add(onB).data()).rejects.toThrow(/lost/);
    expect((await onB.data())[0]).toBe(2);
    expect(await getDevice()).toBe(b);
  });
});

test("a profile can be forced on any adapter", async () => {
  const device = await createDevice({ gpu, kernels: "gpu" });
  expect(device.profile.kind).toBe("gpu");
  expect(device).toBeInstanceOf(DeviceClass);
  expect({ ...softwareProfile, ...device.profile }.maxBindings).toBe(8);
  setDevice(device);
  expect((await many().reshape([50, 40]).sum({ axis: 1 }).data())[0]).toBe(780);
});
