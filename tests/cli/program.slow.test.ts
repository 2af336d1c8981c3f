// The program as a process: what it says where, and what it exits with. Nothing here needs an adapter.
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "../../tools/bundle.mjs";
import { denoBinary } from "../../tools/host/run.mjs";
import { cache, root } from "../../tools/host/tool.mjs";

const program = join(cache, `test-cli-${process.pid}.mjs`);

beforeAll(() => bundle({ entry: join(root, "cli", "main.ts"), outfile: program, platform: "node" }));
afterAll(() => {
  for (const file of [program, `${program}.map`]) rmSync(file, { force: true });
});

const hosts: Readonly<Record<string, (args: readonly string[]) => [string, string[]]>> = {
  Node: (args) => [process.execPath, [program, ...args]],
  Deno: (args) => [
    denoBinary(),
    [
      "run",
      "-A",
      "--unstable-webgpu",
      "--config",
      join(root, "deno.json"),
      join(root, "cli/main.ts"),
      ...args,
    ],
  ],
};

describe.each(Object.keys(hosts))("the program in %s", (host) => {
  const run = (...args: string[]) => {
    const [command, words] = (hosts[host] as NonNullable<(typeof hosts)[string]>)(args);
    const { status, stdout, stderr } = spawnSync(command, words, { encoding: "utf8" });
    return { status, stdout, stderr };
  };

  test("says what it can do", () => {
    const { status, stdout, stderr } = run();
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("pretrain");
    expect(run("pretrain", "--help").stdout).toContain("--resume");
  });

  test("says its version", () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(run("--version")).toEqual({ status: 0, stdout: `${version}\n`, stderr: "" });
  });

  test("refuses in one sentence", () => {
    expect(run("pretrain", "--epochs", "many")).toEqual({
      status: 2,
      stdout: "",
      stderr: 'morlet: --epochs is "many"; it takes a whole number from 1 on\n',
    });
  });
});
