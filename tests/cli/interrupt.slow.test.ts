// Ctrl-C in the program itself, on the adapter that the tests have.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundle } from "../../tools/bundle.mjs";
import { cache, root } from "../../tools/host/tool.mjs";
import { tiny, writePictures } from "./pictures.ts";

const folder = mkdtempSync(join(tmpdir(), "morlet-interrupt-"));
const program = join(cache, `test-interrupt-${process.pid}.mjs`);

beforeAll(async () => {
  await bundle({ entry: join(root, "cli", "main.ts"), outfile: program, platform: "node" });
  await writePictures(join(folder, "photos"), 16, false);
});
afterAll(() => {
  for (const file of [program, `${program}.map`]) rmSync(file, { force: true });
  rmSync(folder, { recursive: true });
});

/** Starts a long run and interrupts it when it says `when`, and again when it answers that if `twice`. */
function interrupted(
  name: string,
  { when, twice = false, signal = "SIGINT" }: { when: string; twice?: boolean; signal?: NodeJS.Signals },
): Promise<{ code: number | null; signal: NodeJS.Signals | null; out: string; errors: string }> {
  const args = ["pretrain", "--data", join(folder, "photos"), ...tiny, "--name", name, "--runs", folder];
  const child = spawn(process.execPath, [program, ...args, "--epochs", "100000"], { cwd: folder });
  let [out, errors] = ["", ""];
  let sent = 0;
  const interrupt = (most: number) => {
    if (sent >= most) return;
    sent++;
    child.kill(signal);
  };
  child.stderr.on("data", (chunk) => {
    errors += chunk;
    if (twice && errors.includes("leaves at once")) interrupt(2);
  });
  child.stdout.on("data", (chunk) => {
    out += chunk;
    if (out.includes(when)) interrupt(1);
  });
  return new Promise((resolve) =>
    child.on("close", (code, signal) => resolve({ code, signal, out, errors })),
  );
}

// 128 and the number of the signal, as a shell tells of a program that a signal has ended.
test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)(
  "%s stops with a checkpoint, says how to go on, and exits with %i",
  {
    timeout: 240_000,
  },
  async (signal, exit) => {
    const { code, out, errors } = await interrupted(signal, { when: "mean loss", signal });
    expect(errors).toContain("stopping after this step, with a checkpoint");
    expect(code).toBe(exit);
    expect(out).toMatch(new RegExp(`stopped; go on with: morlet pretrain --resume ${signal} --runs `));
    const files = readdirSync(join(folder, signal));
    expect(files.filter((file) => file.startsWith("checkpoint-")).length).toBeGreaterThan(0);
    expect(files).toContain("encoder.safetensors");
  },
);

test("Ctrl-C twice leaves at once", { timeout: 240_000 }, async () => {
  // The first step is still being compiled, so the run cannot have ended in order.
  const { signal, out } = await interrupted("twice", { when: "compiling the training step", twice: true });
  expect(signal).toBe("SIGINT");
  expect(out).not.toContain("go on with");
});
