// The package as it is shipped: minified, one module for each entry.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundlePackage, entries } from "../../tools/bundle.mjs";
import { cache, root } from "../../tools/host/tool.mjs";

// Under node_modules, so that the package `webgpu` is found from there.
const folder = join(cache, "package-test");
const present = entries.filter((entry) => existsSync(join(root, entry)));

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  await bundlePackage(present, folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What a program prints that stands beside the built modules. */
function runProgram(script: string): unknown {
  const file = join(folder, "program.mjs");
  writeFileSync(file, script);
  const { stdout, stderr } = spawnSync(process.execPath, [file], { encoding: "utf8" });
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

test("what the entries share is in the engine's module, so that their tensors are of one class", () => {
  const script = `
    import { Tensor, tensor } from "./mod.js";
    import { rfft } from "./signal.js";
    import { Linear } from "./models/mod.js";
    import { crossEntropy } from "./losses/mod.js";
    import { writeNpy } from "./io.js";
    const x = tensor([1, 2, 3, 4]);
    const { re } = rfft(x);
    const loss = crossEntropy(tensor([[0, 0]]), tensor([1], { dtype: "i32" }));
    const file = await writeNpy(re);
    console.log(JSON.stringify([
      re instanceof Tensor, loss instanceof Tensor, typeof Linear, file.length > 64,
      await re.array(), Math.round(1e4 * await loss.item()),
    ]));`;
  expect(runProgram(script)).toEqual([true, true, "function", true, [10, -2, -2], 6931]);
});

test("importing every entry works without WebGPU and starts nothing", () => {
  const modules = present.map((entry) => `./${entry.replace(/\.ts$/, ".js")}`);
  const script = `
    const before = Object.keys(globalThis).length;
    for (const each of ${JSON.stringify(modules)}) await import(each);
    console.log(JSON.stringify(Object.keys(globalThis).length - before));`;
  expect(runProgram(script)).toBe(0);
});

test("its types can be told apart from the sources", () => {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const types = join(folder, "types");
  const args = [tsc, "-p", join(root, "tools", "tsconfig.build.json"), "--outDir", types];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
  for (const entry of present)
    expect(existsSync(join(types, entry.replace(/\.ts$/, ".d.ts"))), entry).toBe(true);
});
