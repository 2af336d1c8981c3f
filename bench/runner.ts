// Runs benchmarks, rounds alternating between variants and revisions, and prints one JSON line for each result.
// Started by tools/bench.mjs with what to run as JSON.
import type { Bench, BenchModule, Subject } from "./bench.ts";
import { measurePeaks } from "./peaks.ts";

interface Order {
  /** Bundles of one benchmark file, one for each revision. */
  readonly bundles: readonly { readonly revision: string; readonly path: string }[];
  readonly file: string;
  readonly rounds: number;
  /** Only benches whose name contains this. */
  readonly only: string;
}

interface Entry {
  readonly revision: string;
  readonly variant: string;
  readonly subject: Subject;
  readonly device: Awaited<ReturnType<typeof openDevice>>;
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
  const modules = await Promise.all(
    order.bundles.map(async ({ revision, path }) => {
      const module = (await import(path)) as BenchModule;
      return { revision, benches: module.benches, device: await openDevice(module) };
    }),
  );
  for (const { name, rounds } of modules[0]?.benches ?? []) {
    if (name.includes(order.only)) await run(modules, name, rounds ?? order.rounds);
  }
}

async function openDevice(module: BenchModule) {
  const open = module.openDevice;
  if (!open) throw new Error(`${order.file} exports no openDevice`);
  const device = await open();
  const { limits } = device.gpu;
  return {
    adapter: device.name,
    profile: device.profile.kind,
    limits: { buffer: limits.maxBufferSize, binding: limits.maxStorageBufferBindingSize },
    peaks: await measurePeaks(device.gpu, device.profile.kind),
  };
}

interface Loaded {
  readonly revision: string;
  readonly benches: readonly Bench[];
  readonly device: Entry["device"];
}

async function run(modules: readonly Loaded[], name: string, rounds: number): Promise<void> {
  const entries: Entry[] = [];
  let shape: Bench["shape"] = {};
  for (const { revision, benches, device } of modules) {
    const bench = benches.find((b) => b.name === name);
    if (!bench) continue;
    shape = bench.shape;
    for (const [variant, make] of Object.entries(bench.variants))
      entries.push({ revision, variant, subject: await make(), device, times: [] });
  }
  for (const { subject } of entries) await subject.round();
  for (let r = 0; r < rounds; r++) {
    for (const { subject, times } of entries) times.push(await subject.round());
  }
  for (const { revision, variant, subject, device, times } of entries) {
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
      ...numbers,
    };
    console.log(JSON.stringify(line, (_, x) => (Number.isInteger(x) ? x : rounded(x))));
  }
}

function rounded(x: unknown): unknown {
  return typeof x === "number" ? Number(x.toPrecision(5)) : x;
}
