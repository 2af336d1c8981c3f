// Node rests while it waits for the GPU, and only then. What stands for Dawn here ends its work after a while.
import { expect, test, vi } from "vitest";
import { restWhileWaiting } from "../../engine/runtime/node-rest.ts";

const WORK_MS = 60;

function dawn() {
  class GPUQueue {
    onSubmittedWorkDone(ms: number): Promise<unknown> {
      return new Promise((resolve, reject) =>
        setTimeout(() => (ms < 0 ? reject(new Error("lost")) : resolve(this)), Math.abs(ms)),
      );
    }
  }
  const interfaces = { GPUQueue };
  restWhileWaiting(interfaces);
  restWhileWaiting(interfaces);
  return new GPUQueue();
}

/** How often Node rests until `work` has ended, where each turn of the event loop takes so many milliseconds besides. */
async function restsDuring(work: Promise<unknown>, busyMs = 0): Promise<number> {
  const wait = vi.spyOn(Atomics, "wait");
  let over = false;
  const turn = () => {
    const end = performance.now() + busyMs;
    while (performance.now() < end);
    if (!over) setImmediate(turn);
  };
  setImmediate(turn);
  try {
    await work;
  } finally {
    over = true;
  }
  const rests = wait.mock.calls.length;
  for (const [, , , ms] of wait.mock.calls) expect(ms).toBeLessThanOrEqual(1);
  wait.mockRestore();
  return rests;
}

test("it rests while work goes on, and hands on what comes of it", async () => {
  const queue = dawn();
  const work = queue.onSubmittedWorkDone(WORK_MS);
  expect(await restsDuring(work)).toBeGreaterThan(5);
  expect(await work).toBe(queue);
  await expect(queue.onSubmittedWorkDone(-5)).rejects.toThrow("lost");
});

test("it does not rest while it has something else to do, nor when all work has ended", async () => {
  const queue = dawn();
  // The first turn cannot know yet.
  expect(await restsDuring(queue.onSubmittedWorkDone(WORK_MS), 0.5)).toBeLessThan(3);
  expect(await restsDuring(new Promise((resolve) => setTimeout(resolve, WORK_MS)))).toBe(0);
});

test("it rests again when work comes after work", async () => {
  const queue = dawn();
  await Promise.all([5, 10, 15].map((ms) => queue.onSubmittedWorkDone(ms)));
  expect(await restsDuring(queue.onSubmittedWorkDone(WORK_MS))).toBeGreaterThan(5);
});
