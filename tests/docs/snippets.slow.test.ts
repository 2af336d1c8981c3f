import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { bundle } from "../../tools/bundle.mjs";
import { cache, root } from "../../tools/host/tool.mjs";

// Every TypeScript block of the documentation is a whole program. It must pass the type checker, run in Node, and print
// what its comments promise: "// 2, 4, 6" behind a console.log, as far as there is one. So must the cells of a notebook, one
// after the other, and what a cell ends with must be something that can be shown.

const folder = join(cache, "snippets");

interface Snippet {
  /** The document, and the number of the block in it. */
  readonly name: string;
  readonly code: string;
  readonly promised: readonly string[];
  /** Where it runs. */
  readonly cwd: string;
}

const documents = ["README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)].filter(
  (name) => name.endsWith(".md"),
);

const blocks: readonly Snippet[] = documents.flatMap((document) =>
  [...readFileSync(join(root, document), "utf8").matchAll(/^```ts\n(.*?)^```/gms)].map(
    ([, code = ""], i) => ({
      name: `${document.replace(/\W/g, "-")}-${i + 1}`,
      code,
      promised: [...code.matchAll(/console\.log\(.*\); *\/\/ (.*)$/gm)].map(([, text = ""]) => text),
      cwd: root,
    }),
  ),
);

interface Cell {
  readonly cell_type: string;
  readonly source: readonly string[];
}

/** What a kernel does with the value of a cell, as far as it can be told in words. */
const tellShown = `
function show(value: object) {
  const [type, data] = Object.entries((value as { [name: symbol]: () => object })[Symbol.for("Jupyter.display")]!())[0]!;
  console.log("shown:", type, data.length > 200);
}
`;

const notebooks: readonly Snippet[] = readdirSync(join(root, "examples", "notebooks")).map((file) => {
  const folder = join(root, "examples", "notebooks");
  const { cells } = JSON.parse(readFileSync(join(folder, file), "utf8")) as { cells: readonly Cell[] };
  const code = cells.filter(({ cell_type }) => cell_type === "code").map(({ source }) => source.join(""));
  const shown = code.map((text) => text.replace(/\n(?=(?:await sheet|shown)\(.*\)$)(.*)$/, "\nshow($1);"));
  const promised = shown.flatMap((text, i) => {
    if (text === code[i]) return [];
    return [`shown: image/${text.includes("image/svg") ? "svg+xml" : "png"} true`];
  });
  expect(promised.length).toBeGreaterThan(3);
  return {
    name: `notebook-${file.replace(/\W/g, "-")}`,
    code: `${shown.join("\n")}${tellShown}`.replaceAll('from "../../', `from "${root}/`),
    promised: [...promised, "6, 12, 18"],
    cwd: folder,
  };
});

const snippets = [...blocks, ...notebooks];

/** The package's names as the sources that they stand for. */
function withSources(code: string): string {
  return code.replace(/from "morlet(\/\w+)?"/g, (_, entry: string | undefined) => {
    const name = entry?.slice(1) ?? "mod";
    const file = existsSync(join(root, `${name}.ts`)) ? `${name}.ts` : `${name}/mod.ts`;
    return `from ${JSON.stringify(join(root, file))}`;
  });
}

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { name, code } of snippets) {
    writeFileSync(join(folder, `${name}.ts`), `${withSources(code)}\nprocess.exit(0);\nexport {};\n`);
  }
  const settings = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: { noUnusedLocals: false, typeRoots: [join(root, "node_modules", "@types")] },
    include: [join(folder, "*.ts")],
    exclude: [],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(settings));
});

test("there are programs in the documentation", () => {
  expect(snippets.length).toBeGreaterThan(2);
});

test("they pass the type checker", () => {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
  expect(stdout).toBe("");
  expect(status).toBe(0);
}, 120_000);

describe.each(snippets)("$name", ({ name, promised, cwd }) => {
  test("runs and prints what it promises", { timeout: 180_000 }, async () => {
    const outfile = join(folder, `${name}.mjs`);
    await bundle({ entry: join(folder, `${name}.ts`), outfile, platform: "node" });
    const { status, stdout, stderr } = spawnSync(process.execPath, [outfile], {
      cwd,
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    expect(status).toBe(0);
    const printed = (text: string) => text.replace(/[\s[\]]+/g, "");
    for (const text of promised) expect(printed(stdout)).toContain(printed(text));
  });
});
