import { afterEach, expect, test, vi } from "vitest";
import { runAlone } from "../../examples/pretrain/run-alone.ts";

afterEach(() => vi.unstubAllGlobals());

/** Locks as the browser has them, for requests that do not wait. */
function withLocks(): void {
  const held = new Set<string>();
  const request = async (name: string, _: unknown, use: (lock: object | null) => unknown) => {
    if (held.has(name)) return use(null);
    held.add(name);
    try {
      return await use({});
    } finally {
      held.delete(name);
    }
  };
  vi.stubGlobal("navigator", { locks: { request } });
}

test("a run goes on in one tab at a time", async () => {
  withLocks();
  let end = (_: number) => {};
  const first = runAlone("runs/a", () => new Promise<number>((resolve) => (end = resolve)));
  await expect(runAlone("runs/a", async () => 2)).rejects.toThrow("another tab is learning from these");
  expect(await runAlone("runs/b", async () => 3)).toBe(3);
  end(1);
  expect(await first).toBe(1);
  expect(await runAlone("runs/a", async () => 4)).toBe(4);
});

test("a browser without locks runs all the same", async () => {
  vi.stubGlobal("navigator", {});
  expect(await runAlone("runs/a", async () => 5)).toBe(5);
});
