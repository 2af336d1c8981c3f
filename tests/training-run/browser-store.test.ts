import { afterEach, expect, test, vi } from "vitest";
import { browserStore } from "../../training/run/browser-store.ts";

afterEach(() => vi.unstubAllGlobals());

/** A private file system with these files in the folder of any name. */
function withFiles(files: Readonly<Record<string, number>>): void {
  const handle = (size: number) => ({
    kind: "file",
    getFile: async () => new File([new Uint8Array(size)], "file"),
  });
  const folder = {
    getDirectoryHandle: async () => folder,
    async *[Symbol.asyncIterator]() {
      for (const [name, size] of Object.entries(files)) yield [name, handle(size)];
      yield ["below", { kind: "directory" }];
    },
  };
  vi.stubGlobal("navigator", { storage: { getDirectory: async () => folder } });
}

test("a file that a kill left empty is not listed, so that no checkpoint makes room for it", async () => {
  withFiles({ "checkpoint-2": 9, "checkpoint-1": 9, "checkpoint-3": 0, "checkpoint-4.partial": 5 });
  expect(await browserStore("runs/a").list()).toEqual(["checkpoint-1", "checkpoint-2"]);
});
