import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { launchChromium } from "../../tools/browser/launch.mjs";
import { runPage } from "../../tools/browser/run-page.mjs";
import { serve } from "../../tools/browser/serve.mjs";
import { root } from "../../tools/host/tool.mjs";

/** Runs a tool and gives its exit code and what it said on standard error. */
function tool(name: string, args: string[], env: Record<string, string> = {}) {
  const { status, stderr } = spawnSync(process.execPath, [join(root, "tools", name), ...args], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  return { status, stderr };
}

describe("a wrong wish is told in one line", () => {
  test("of the host", () => {
    expect(tool("start.mjs", ["--host", "mars"])).toEqual({
      status: 1,
      stderr: "morlet: --host is node, deno or chromium, not mars\n",
    });
  });

  test("of the adapter", () => {
    expect(tool("vitest.mjs", [], { MORLET_ADAPTER: "abacus" })).toEqual({
      status: 1,
      stderr: "morlet: MORLET_ADAPTER=abacus is not known: use auto, system or swiftshader\n",
    });
  });

  test("of the browser", () => {
    const { status, stderr } = tool("test.mjs", ["--only", "chromium"], { MORLET_CHROMIUM: "/no/such/file" });
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: "morlet: MORLET_CHROMIUM=/no/such/file: there is no such file\n",
    });
  });
});

describe("a page", () => {
  const made: string[] = [];
  afterEach(() => {
    for (const folder of made.splice(0)) rmSync(folder, { recursive: true });
  });

  /** A folder whose index.html runs a script. */
  function page(script: string): string {
    const folder = mkdtempSync(join(tmpdir(), "morlet-page-"));
    made.push(folder);
    writeFileSync(join(folder, "index.html"), `<!doctype html><script type="module">${script}</script>`);
    return folder;
  }

  test("has WebGPU, passes on its console and gives its result", async () => {
    const lines: string[] = [];
    const script = `
      console.log("a", 1, [2, 3], { b: "c" }, null, undefined, NaN, -0);
      const adapter = await navigator.gpu.requestAdapter();
      globalThis.__done = { adapter: adapter !== null, address: location.search };`;
    const result = await runPage([page(script)], { path: "?steps=2", onLine: (line) => lines.push(line) });
    expect(result).toEqual({ adapter: true, address: "?steps=2" });
    expect(lines).toEqual(["a 1 [2, 3] { b: c } null undefined NaN -0"]);
  });

  test("that throws ends the run", async () => {
    await expect(runPage([page(`throw new Error("boom");`)])).rejects.toThrow("the page threw: Error: boom");
  });

  test("is asked to stop, and ended where it cannot be asked", async () => {
    const soon = () => AbortSignal.timeout(1000);
    const polite = page("globalThis.__stop = () => { globalThis.__done = 'stopped'; };");
    expect(await runPage([polite], { signal: soon() })).toBe("stopped");
    await expect(runPage([page("")], { signal: soon() })).rejects.toThrow("stopped");
  });

  test("can be asked for values", async () => {
    const server = await serve([page("globalThis.answer = 42;")]);
    const browser = await launchChromium();
    try {
      const { evaluate } = await browser.open(server.url);
      await expect(evaluate("new Promise((resolve) => setTimeout(() => resolve(answer), 50))")).resolves.toBe(
        42,
      );
      await expect(evaluate("nothing.here")).rejects.toThrow("nothing is not defined");
    } finally {
      await browser.close();
      server.close();
    }
  });
});
