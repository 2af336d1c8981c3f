import { beforeAll, expect, test } from "vitest";
import { configureDevice, type Tensor, zeros } from "../../mod.ts";
import type { Method } from "../../training/method.ts";
import { pretrain } from "../../training/pretrain.ts";
import { memoryStore } from "../../training/run/store.ts";
import { nodeGPU } from "../support/host.ts";
import { stripes } from "./tiny.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

/** Its last step leaves a state that is no number, which no loss tells any more. */
const breaking: Method<Tensor> = {
  name: "breaking",
  start: () => zeros([2]),
  phase: (step, { steps }) => (step === steps - 1 ? "last" : ""),
  step: (state, images, _, phase) => ({
    state: phase === "last" ? state.sub(100).sqrt() : state.add(1),
    loss: images.mean().add(state.mean()),
  }),
};

test("a run whose last step breaks the state does not end as if all were well", async () => {
  const store = memoryStore();
  const told: string[] = [];
  const run = async () => {
    for await (const { type } of pretrain(breaking, stripes(4), { epochs: 3, batch: 4, store }))
      told.push(type);
  };
  await expect(run()).rejects.toMatchObject({ name: "DivergedError", step: 3, op: "sqrt" });
  expect(told).not.toContain("end");
  expect(await store.list()).toContain("checkpoint-00000002.safetensors");
  expect(await store.list()).not.toContain("checkpoint-00000003.safetensors");
});
