// Runs benchmarks, rounds alternating between variants and revisions, and prints one JSON line for each result.
// Started by tools/bench.mjs with what to run as JSON.
import type { Device } from "../mod.ts";
import type { Bench, BenchModule, Subject } from "./bench.ts";
import { measurePeaks } from "./peaks.ts";

interface Order {
  /** Bundles of one benchmark file, one for each revision. */
  readonly bundles: readonly { readonly revision: string; readonly path: string }[];
  readonly file: string;
  /** Of each variant; 0 for as many as a bench thinks right. */
  readonly rounds: number;
  /** Only benches whose name contains this. */
  readonly only: string;
}

const ROUNDS = 15;

interface Entry {
  readonly revision: string;
  readonly variant: string;
  readonly subject: Subject;
  readonly device: Loaded["device"];
  /** Milliseconds from loading the library to the first result, if nothing was there before and the subject tells. */
  readonly start: { readonly coldStartMs?: number };
  readonly times: number[];
}

/** In a page the order lies in a global, and the result of the page is its failure, if any. */
const inPage = typeof document !== "undefined";
const page = globalThis as { __order?: Order; __done?: string };
const order = inPage ? (page.__order as Order) : (JSON.parse(process.argv[2] ?? "") as Order);
const runtime = inPage
  ? `chromium ${/Chrome\/(\d+)/.exec(navigator.userAgent)?.[1]}`
  : `node ${process.versions.node}`;

try {
  await runAll();
  page.__done = "";
} catch (error) {
  if (!inPage) throw error;
  page.__done = error instanceof Error ? `${error.stack}` : String(error);
}
// Leaves at once: an open device would hold the process.
if (!inPage) process.exit(0);

async function runAll(): Promise<void> {
  const modules: Loaded[] = [];
  // One after the other: what is measured of one adapter would slow the other down.
  for (const { revision, path } of order.bundles) {
    const began = performance.now();
    const { benches, openDevice } = (await import(path)) as BenchModule;
    if (!openDevice) throw new Error(`${order.file} exports no openDevice`);
    const device = await openDevice();
    const openMs = performance.now() - began;
    modules.push({ revision, benches, device: await describe(device), openMs });
  }
  const [first] = modules;
  for (const bench of first?.benches ?? []) {
    const rounds = order.rounds || (bench.rounds ?? ROUNDS);
    if (bench.name.includes(order.only)) await run(modules, bench.name, rounds, bench === first?.benches[0]);
  }
}

async function describe({ name, profile, gpu }: Device) {
  const { limits } = gpu;
  return {
    adapter: name,
    profile: profile.kind,
    limits: { buffer: limits.maxBufferSize, binding: limits.maxStorageBufferBindingSize },
    peaks: await measurePeaks(gpu),
  };
}

interface Loaded {
  readonly revision: string;
  readonly benches: readonly Bench[];
  readonly device: Awaited<ReturnType<typeof describe>>;
  /** Milliseconds from the import of the bundle until its device was open. */
  readonly openMs: number;
}

/** `cold` says whether nothing has run on the devices before. */
async function run(modules: readonly Loaded[], name: string, rounds: number, cold: boolean): Promise<void> {
  const entries: Entry[] = [];
  let shape: Bench["shape"] = {};
  for (const { revision, benches, device, openMs } of modules) {
    const bench = benches.find((b) => b.name === name);
    if (!bench) continue;
    shape = bench.shape;
    for (const [i, [variant, make]] of Object.entries(bench.variants).entries()) {
      const began = performance.now();
      const subject = await make();
      const { firstResultAt } = subject;
      const started = cold && i === 0 && firstResultAt !== undefined;
      const start = started ? { coldStartMs: openMs + firstResultAt - began } : {};
      entries.push({ revision, variant, subject, device, start, times: [] });
    }
  }
  for (const { subject } of entries) await subject.round();
  for (let r = 0; r < rounds; r++) {
    for (const { subject, times } of entries) times.push(await subject.round());
  }
  for (const { revision, variant, subject, device, start, times } of entries) {
    const sorted = [...times].sort((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] as number;
    const numbers = (await subject.numbers?.(median)) ?? {};
    const line = {
      bench: name,
      variant,
      revision,
      runtime,
      ...device,
      shape,
      rounds: times.length,
      ms: { median, min: sorted[0] },
      ...start,
      ...numbers,
    };
    console.log(JSON.stringify(line, (_, x) => (Number.isInteger(x) ? x : rounded(x))));
  }
}

function rounded(x: unknown): unknown {
  return typeof x === "number" ? Number(x.toPrecision(5)) : x;
}
