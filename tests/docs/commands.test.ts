// What the documentation tells to type or to open is there: commands, flags, presets, scripts of npm, and files.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { doctorLine } from "../../cli/commands/doctor.ts";
import { embedLine } from "../../cli/commands/embed.ts";
import { evaluateLine } from "../../cli/commands/evaluate.ts";
import { exportLine } from "../../cli/commands/export.ts";
import { lookLine } from "../../cli/commands/look.ts";
import { tuneLine } from "../../cli/commands/tune.ts";
import { type CommandLine, readFlags } from "../../cli/flags.ts";
import { pretrainLine } from "../../cli/pretrain/line.ts";
import * as io from "../../io.ts";
import * as losses from "../../losses/mod.ts";
import * as engine from "../../mod.ts";
import * as signal from "../../signal.ts";
import { root } from "../../tools/host/tool.mjs";
import { methodNames } from "../../training/job/method-of.ts";
import { presetNames } from "../../training/job/presets.ts";
import * as vision from "../../vision.ts";

const lines = [pretrainLine, embedLine, evaluateLine, lookLine, exportLine, tuneLine, doctorLine];
const documents = [
  ...["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"],
  ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`),
].filter((name) => name.endsWith(".md"));
const textOf = (document: string) => readFileSync(join(root, document), "utf8");

/** Paths of all files that belong to the project. */
const all = readdirSync(root, { withFileTypes: true })
  .filter((entry) => !/^(node_modules|dist|runs|shared|\.git)$/.test(entry.name))
  .flatMap(({ name, parentPath }) => {
    const path = join(parentPath, name);
    const below = statSync(path).isDirectory()
      ? readdirSync(path, { recursive: true, encoding: "utf8" })
      : [];
    return [name, ...below.map((each) => `${name}/${each.replaceAll("\\", "/")}`)];
  });

/** Lines of shell blocks without their comments, and pieces of code in sentences. */
function codeOf(document: string): string[] {
  const text = textOf(document);
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block = ""]) => block.split("\n"));
  const prose = text.replace(/^```.*?^```/gms, "");
  const inline = [...prose.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code.replace(/\s+/g, " "));
  return [...blocks, ...inline]
    .map((line) => line.replace(/\s+#.*$/, "").trim())
    .filter((line) => line !== "");
}

const scripts = Object.keys(JSON.parse(textOf("package.json")).scripts);
const examples = readdirSync(join(root, "examples", "scripts")).map((name) => name.replace(/\.ts$/, ""));

/** What is wrong with a command of the program, if anything is. */
function problemWith(words: readonly string[]): string | null {
  const at = words.indexOf("--host");
  const rest = at < 0 ? words : words.toSpliced(at, 2);
  if (rest[0] === "help") return rest[1] === undefined ? null : problemWith([rest[1]]);
  const [name = "pretrain"] = rest;
  const line = name.startsWith("-") ? pretrainLine : lines.find((each) => each.name === name);
  const args = name.startsWith("-") ? rest : rest.slice(1);
  if (!line) return `there is no command ${name}`;
  if (args.length === 0 || args.includes("--help")) return null;
  return problemWithFlags(line, args);
}

function problemWithFlags(line: CommandLine, args: readonly string[]): string | null {
  try {
    const { flags } = readFlags(line, args);
    const stands = /^[A-Z]$/; // for any
    const { preset = "auto", method = "dino" } = flags;
    if (![...presetNames, "auto"].includes(preset) && !stands.test(preset))
      return `there is no preset ${preset}`;
    return [...methodNames].includes(method as never) ? null : `there is no method ${method}`;
  } catch (error) {
    return (error as Error).message;
  }
}

describe.each(documents)("%s", (document) => {
  const code = codeOf(document);

  test("has commands that work", () => {
    const problems = code.flatMap((line) => {
      const [first, second, third, ...rest] = line.split(" ");
      if (first === "morlet")
        return problemWith([second, third, ...rest].filter((x) => x !== undefined)) ?? [];
      if (first !== "npm") return [];
      if (second === "start") return problemWith(rest) ?? [];
      if (second === "run" && !scripts.includes(third as string)) return `no script ${third}`;
      if (third === "example" && !["pretrain", ...examples].includes(rest[1] as string))
        return `no example ${rest[1]}`;
      return [];
    });
    expect(problems).toEqual([]);
  });

  test("names files that are there", () => {
    const files = code.flatMap((word) =>
      /^[\w./*{},-]+\.(ts|mjs|md|ipynb)$/.test(word) ? alternatives(word) : [],
    );
    const links = [...textOf(document).matchAll(/\]\(([^)#:]+)\)/g)].map(([, to = ""]) =>
      join(dirname(document), to),
    );
    const isThere = (path: string) =>
      path.includes("*")
        ? existsSync(join(root, dirname(path)))
        : all.some((known) => known === path || known.endsWith(`/${path}`));
    expect([...files, ...links].filter((path) => !isThere(path))).toEqual([]);
  });
});

test("flags and presets in sentences are there", () => {
  const flags = new Set(lines.flatMap((line) => Object.keys(line.flags)).concat("help", "host"));
  for (const document of ["README.md", "docs/images.md", "docs/attention.md", "docs/learning.md"]) {
    const named = codeOf(document).flatMap((word) => /^--([\w-]+)/.exec(word)?.[1] ?? []);
    expect(
      named.filter((name) => !flags.has(name)),
      document,
    ).toEqual([]);
  }
  const told = new Set(codeOf("docs/images.md").map((word) => word.replace(/^--preset /, "")));
  const shown = presetNames.filter((name) => !/^scatsimclr\d/.test(name)); // which are told as a range
  expect(shown.filter((name) => !told.has(name))).toEqual([]);
});

test("all that the engine exports is told", () => {
  const told = new Set(textOf("docs/tensors.md").match(/\w+/g));
  const exported = [engine, io, signal, vision, losses].flatMap((module) => Object.keys(module));
  expect(exported.filter((name) => !told.has(name))).toEqual([]);
});

/** `a/{b,c}.ts` as `a/b.ts` and `a/c.ts`. */
function alternatives(path: string): string[] {
  const [, before = "", inner, after = ""] = /^(.*?)\{([^}]*)\}(.*)$/.exec(path) ?? [];
  if (inner === undefined) return [path];
  return inner.split(",").flatMap((part) => alternatives(before + part + after));
}
