import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { checkLayers, importsOf } from "../../tools/layers.mjs";

const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true });
});

/** Writes files into a new folder and checks it. */
function check(files: Record<string, string>): string[] {
  const root = mkdtempSync(join(tmpdir(), "morlet-layers-"));
  made.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return checkLayers(root);
}

describe("the import table", () => {
  test("lets allowed imports pass", () => {
    expect(
      check({
        "mod.ts": `// the surface\nexport * from "./engine/tensor.ts";\nexport type { DType } from "./engine/core/dtype.ts";`,
        "engine/tensor.ts": `import { dtype } from "./core/dtype.ts";\nexport const tensor = dtype;`,
        "engine/core/dtype.ts": `export type DType = "f32";\nexport const dtype: DType = "f32";`,
        "engine/io/npy.ts": `import { tensor } from "../tensor.ts";\nexport const npy = tensor;`,
        "models/nn/linear.ts": `import { tensor } from "../../mod.ts";\nexport const linear = tensor;`,
        "training/loop.ts": `import { linear } from "../models/nn/linear.ts";\nexport const loop = linear;`,
        "tests/a.test.ts": `import { dtype } from "../engine/core/dtype.ts";\nimport fs from "node:fs";`,
      }),
    ).toEqual([]);
  });

  test("names the file, its layer and what it may not import, types included", () => {
    expect(
      check({
        "engine/core/a.ts": `import type { B } from "../ir/b.ts";\nexport type A = B;`,
        "engine/ir/b.ts": "export type B = 1;",
        "losses/c.ts": `import { d } from "../models/d.ts";\nexport const c = d;`,
        "models/d.ts": `const b = await import("../engine/ir/b.ts");\nexport const d = b;`,
      }),
    ).toEqual([
      "engine/core/a.ts: engine/core may not import engine/ir/b.ts",
      "losses/c.ts: losses may not import models/d.ts",
      "models/d.ts: models may not import engine/ir/b.ts",
    ]);
  });

  test("keeps the files of engine/ out of its folders", () => {
    expect(
      check({
        "engine/ops/sin.ts": `import { t } from "../tensor.ts";\nexport const sin = t;`,
        "engine/tensor.ts": "export const t = 1;",
      }),
    ).toEqual(["engine/ops/sin.ts: engine/ops may not import engine/tensor.ts"]);
  });

  test("refuses packages where only the web platform is allowed", () => {
    expect(check({ "engine/a.ts": `import fs from "node:fs";` })).toEqual([
      'engine/a.ts: engine may not import the package "node:fs"',
    ]);
  });

  test("refuses a path without its extension and a file that is not there", () => {
    expect(
      check({
        "kernels/a.ts": `import { b } from "./b";\nimport { c } from "./c.ts";`,
        "kernels/b.ts": "export const b = 1;",
      }),
    ).toEqual([
      'kernels/a.ts: imports "./b", and there is no file kernels/b',
      'kernels/a.ts: imports "./c.ts", and there is no file kernels/c.ts',
    ]);
  });

  test("refuses logic in mod.ts, unknown folders and stray files", () => {
    expect(check({ "mod.ts": "export const one = 1;", "extra/a.ts": "export {};" })).toEqual([
      "extra/: not a known top-level folder",
      "extra/a.ts: belongs to no layer of the import table",
      "mod.ts: holds more than re-exports",
    ]);
  });
});

describe("cycles", () => {
  test("are found among imports that run", () => {
    expect(
      check({
        "kernels/a.ts": `import { b } from "./b.ts";\nexport const a = () => b;`,
        "kernels/b.ts": `export { c as b } from "./c.ts";`,
        "kernels/c.ts": `import "./a.ts";\nexport const c = 1;`,
      }),
    ).toEqual(["import cycle: kernels/a.ts -> kernels/b.ts -> kernels/c.ts -> kernels/a.ts"]);
  });

  test("do not count types and dynamic imports", () => {
    expect(
      check({
        "kernels/a.ts": `import type { B } from "./b.ts";\nexport type A = B;`,
        "kernels/b.ts": `import { c } from "./c.ts";\nexport type B = typeof c;`,
        "kernels/c.ts": `export const c = () => import("./b.ts");`,
      }),
    ).toEqual([]);
  });
});

describe("importsOf", () => {
  test("finds every form", () => {
    const text = `
      import a, { b as c, type D } from "./1.ts";
      import * as e from './2.ts';
      import "./3.ts";
      import type { F } from "./4.ts";
      export * as g from "./5.ts";
      export type { H } from "./6.ts";
      import type from "./7.ts";
      import {
        i,
        j,
      } from "./8.ts";
      const k = await import("./9.ts");`;
    const kinds = new Map(importsOf(text).map(({ specifier, kind }) => [specifier, kind]));
    expect(Object.fromEntries(kinds)).toEqual({
      "./1.ts": "runtime",
      "./2.ts": "runtime",
      "./3.ts": "runtime",
      "./4.ts": "type",
      "./5.ts": "runtime",
      "./6.ts": "type",
      "./7.ts": "runtime",
      "./8.ts": "runtime",
      "./9.ts": "dynamic",
    });
  });

  test("reads neither comments nor strings, templates and regular expressions", () => {
    const text = [
      '// import a from "./comment.ts";',
      '/** @example import { a } from "morlet"; */',
      `const b = 'import c from "./string.ts"';`,
      'const d = `import e from "./template.ts"; ${f({ g: `import("./nested.ts")` })} import "./rest.ts";`;',
      "const h = /[\"'`]/.test(i) ? 4 / 2 : `${j}`;",
      'import k from "./real.ts";',
      "const l = (m) / n; // it's / fine",
      "const p = q / r; const s = `/`;",
      'export { o } from "./also.ts";',
    ].join("\n");
    expect(importsOf(text).map(({ specifier }) => specifier)).toEqual(["./real.ts", "./also.ts"]);
  });
});
