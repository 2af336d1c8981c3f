// Runs the benches of this folder and the peer one after the other within a time limit, and writes what they print into
// one file of JSON lines. Started by run.sh in the unpacked folder: node main.mjs RESULTS-FILE SECONDS
import { spawn } from "node:child_process";
import { appendFileSync, copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { BenchModule } from "../bench.ts";
import { TABLE } from "./device.ts";
import { type Line, table } from "./table.ts";

interface Part {
  readonly name: string;
  /** Its share of the time, in seconds of the usual limit. What it leaves goes to those after it. */
  readonly share: number;
  readonly command: (seconds: number) => readonly [program: string, ...args: string[]];
  /** What it should print a result of. */
  readonly benches: () => Promise<readonly string[]>;
  readonly library: string;
}

const [resultsFile = "", limit = "480"] = process.argv.slice(2);
const deadline = performance.now() + 1e3 * Number(limit);
const { revision } = JSON.parse(readFileSync("pack.json", "utf8")) as { revision: string };
const secondsLeft = () => (deadline - performance.now()) / 1e3;

const ours = (name: string, share: number): Part => ({
  name,
  share,
  library: "Morlet",
  command: () => {
    const path = pathToFileURL(`${name}.mjs`).href;
    const order = { bundles: [{ revision, path }], file: `bench/gpu/${name}.ts`, rounds: 0, only: "" };
    return [process.execPath, "runner.mjs", JSON.stringify(order)];
  },
  benches: async () => {
    const { benches } = (await import(pathToFileURL(`${name}.mjs`).href)) as BenchModule;
    return benches.map((bench) => bench.name);
  },
});

/** What matters most comes first. */
const parts: readonly Part[] = [
  {
    name: "tune",
    share: 90,
    library: "Morlet",
    command: (seconds) => [process.execPath, "tune.mjs", String(Math.floor(0.85 * seconds))],
    benches: async () => ["tuning"],
  },
  ours("matmul", 70),
  ours("vit", 60),
  ours("streaming", 40),
  ours("attention", 30),
  {
    name: "peer",
    share: 120,
    library: "PyTorch", // its lines name the version too
    command: (seconds) => ["python3", "-u", "peer.py", String(Math.floor(0.85 * seconds))], // it begins no task after that
    // It lists by itself what it skips, unless it was ended or never began.
    benches: async () => ["all that PyTorch had still to do"],
  },
  ours("swin", 60),
  ours("scatsimclr", 80),
];

const lines: Line[] = [];
writeFileSync(resultsFile, "");

const probe = await runPart([process.execPath, "machine.mjs"], Math.min(60, secondsLeft()), (line) => {
  write({ ...line, revision, sizes: process.env.MORLET_GPU_SIZES ?? "full", seconds: Number(limit) });
});
if (probe) {
  console.error(`morlet: the GPU cannot be asked what it is: ${probe}`);
  process.exit(1);
}
for (const [i, part] of parts.entries()) {
  const shares = parts.slice(i).reduce((sum, { share }) => sum + share, 0);
  const seconds = (secondsLeft() * part.share) / shares;
  const done = new Set<string>();
  const failure = await runPart(part.command(seconds), seconds, (line) => {
    write({ library: part.library, ...line });
    done.add(String(line.bench));
  });
  const missing = (await part.benches()).filter((bench) => !done.has(bench));
  for (const bench of missing) write({ library: part.library, bench, skipped: failure ?? "no result" });
}
if (existsSync(TABLE)) copyFileSync(TABLE, resultsFile.replace(/(\.jsonl?)?$/, ".tuning.json"));
console.error(table(lines));

function write(line: Line): void {
  lines.push(line);
  const text = JSON.stringify(line);
  appendFileSync(resultsFile, `${text}\n`);
  console.log(text);
}

/** Runs a program and hands over each JSON line that it prints; returns what went wrong, if anything. */
function runPart(
  [program, ...args]: readonly [string, ...string[]],
  seconds: number,
  onLine: (line: Line) => void,
): Promise<string | undefined> {
  if (seconds < 2) return Promise.resolve("no time is left");
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    let late = false;
    let rest = "";
    let errors = "";
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, 1e3 * seconds);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const found = (rest + text).split("\n");
      rest = found.pop() ?? "";
      for (const line of found) if (line.startsWith("{")) onLine(JSON.parse(line));
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      process.stderr.write(text);
      errors = (errors + text).slice(-4000);
    });
    child.on("error", (error) => {
      clearTimeout(timer);
      resolve(error.message);
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (late) resolve(`over its share of ${Math.round(seconds)} s`);
      else resolve(code === 0 ? undefined : `${lastError(errors)} (exit ${code ?? signal})`);
    });
  });
}

/** The line that names the error, of a stack trace as Node or Python prints it. */
function lastError(text: string): string {
  const found = text.split("\n").filter((line) => /^\S*(Error|error|morlet)\b.*:/.test(line));
  return found.at(-1) ?? text.trim().split("\n").at(-1) ?? "failed";
}
