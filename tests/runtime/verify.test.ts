import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { nodeGPU } from "../support/host.ts";

type Engine = typeof import("../../mod.ts");

// What checks passes is loaded when it is needed first, so each case begins with an engine that has not got it.
let engine: Engine;
beforeEach(async () => {
  vi.resetModules();
  engine = await import("../../mod.ts");
  engine.configureDevice({ gpu: nodeGPU() });
});
afterEach(async () => {
  delete process.env.VERIFY;
  (await engine.getDevice()).destroy();
});

/** The sine of x, whose node says that it is of another dtype. */
function lying(x: number) {
  const sine = engine.tensor([x]).sin();
  Object.assign(sine.node, { dtype: "i32" });
  return sine;
}

test("what the first plan breaks is told to those who read its results", async () => {
  process.env.VERIFY = "1";
  const sine = lying(1);
  await expect(sine.data()).rejects.toThrow("verify: sin has another dtype than its rule gives");
});

test("also where checks are switched on when the device is open", async () => {
  expect(await engine.tensor([1]).add(1).item()).toBe(2);
  await engine.withDebug({ verify: true }, async () => {
    const sine = lying(1);
    const others = engine.tensor([2]).mul(3);
    const read = [sine.data(), others.item(), others.add(1).item()];
    await expect(read[0]).rejects.toThrow("verify: sin has another dtype than its rule gives");
    expect(await Promise.all(read.slice(1))).toEqual([6, 7]);
  });
});

test("a compiled step is checked, too", async () => {
  const step = engine.compile(() => lying(1));
  await engine.withDebug({ verify: true }, async () => {
    await expect(step().data()).rejects.toThrow("verify: sin");
  });
});
