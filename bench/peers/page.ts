// Runs in a page of headless Chromium, started by tools/peers.mjs: each task in each library, results compared before
// anything is timed, rounds in turn. One JSON line for each task and library.
import { counting, install, liveBytes } from "./counters.ts";
import type { FunctionTask, Peer, Prepared, StepTask } from "./ops.ts";
import { functionTasks, stepTasks } from "./tasks.ts";

interface Order {
  /** Part of a task's name. */
  readonly only: string;
  readonly rounds: number;
  readonly peers: readonly string[];
  /** By name of the library as it calls itself. */
  readonly versions: Readonly<Record<string, string>>;
  /** Time the first training step of this library from a cold start instead. */
  readonly cold?: string;
}

/** Each library is a bundle of its own, loaded when it is its turn. */
async function open(name: string): Promise<Peer> {
  const { open } = (await import(`./${name}.js`)) as { open: () => Promise<Peer> };
  return open();
}

const page = globalThis as { __order?: Order; __done?: { error?: string } };
const say = (line: object): void => console.log(JSON.stringify(line));

/** Losses of as many steps are compared. */
const COMPARED_STEPS = 3;

/**
 * Tasks whose rounds take less than this are timed in more rounds, after a few that do not count: in their first calls the
 * host's own compiler and the driver's threads are still at work, which is as long as the task itself.
 */
const SHORT_ROUND_MS = 200;
const SHORT_ROUNDS = 3;
const WARM_UPS = 3;

/** From before the library is loaded until its first training step has ended. */
async function coldStart(name: string, only: string): Promise<void> {
  const task = stepTasks.map((make) => make()).find((each) => each.name.includes(only)) as StepTask;
  const start = performance.now();
  const peer = await open(name);
  const prepared = await peer.prepareStep(task);
  await prepared.run();
  await prepared.results();
  say({ task: `${task.name}, cold start`, peer: peer.name, ms: { first: performance.now() - start } });
}

interface Entry {
  readonly peer: Peer;
  readonly prepared: Prepared;
  readonly firstMs: number;
  readonly numbers: object;
  readonly times: number[];
}

async function compare({ only, rounds, peers: names, versions }: Order): Promise<void> {
  const peers: Peer[] = [];
  for (const name of names) {
    try {
      peers.push(await open(name));
    } catch (error) {
      say({ peer: name, error: firstLine(error) });
    }
  }
  const tasks = [
    ...functionTasks.map((make) => () => functionTask(make())),
    ...stepTasks.map((make) => () => stepTask(make())),
  ];
  for (const make of tasks) {
    const { task, prepare } = make();
    if (task.name.includes(only))
      await runTask(task, prepare, peers, rounds, (peer) => versions[peer.name] ?? "");
  }
}

interface Made {
  readonly task: FunctionTask | StepTask;
  readonly prepare: (peer: Peer) => Promise<Prepared>;
}

const functionTask = (task: FunctionTask): Made => ({ task, prepare: (peer) => peer.prepareFunction(task) });
const stepTask = (task: StepTask): Made => ({ task, prepare: (peer) => peer.prepareStep(task) });

async function runTask(
  task: Made["task"],
  prepare: Made["prepare"],
  peers: readonly Peer[],
  rounds: number,
  versionOf: (peer: Peer) => string,
): Promise<void> {
  const entries: Entry[] = [];
  let expected: Float32Array[] | undefined;
  for (const peer of peers) {
    try {
      const base = liveBytes();
      const start = performance.now();
      const prepared = await prepare(peer);
      await prepared.run();
      const firstMs = performance.now() - start;
      const results = [...(await prepared.results())];
      const isStep = "loss" in task;
      for (let i = 1; isStep && i < COMPARED_STEPS; i++) {
        await prepared.run();
        results.push(...(await prepared.results()));
      }
      expected ??= results;
      const difference = furthest(results, expected);
      if (!(difference <= task.tolerance)) {
        prepared.dispose();
        throw new Error(`results differ by ${difference.toPrecision(3)} of the largest value`);
      }
      const numbers = { difference, ...(await counting(base, () => prepared.run())) };
      entries.push({ peer, prepared, firstMs, numbers, times: [] });
    } catch (error) {
      say({ task: task.name, peer: peer.name, version: versionOf(peer), error: firstLine(error) });
    }
  }
  const short = (await round(entries)) < SHORT_ROUND_MS;
  for (let r = 1; r < (short ? WARM_UPS : 0); r++) await round(entries);
  if (short) for (const { times } of entries) times.length = 0;
  while (entries.some(({ times }) => times.length < (short ? SHORT_ROUNDS : 1) * rounds))
    await round(entries);
  for (const { peer, prepared, firstMs, numbers, times } of entries) {
    const sorted = [...times].sort((a, b) => a - b);
    const ms = { median: sorted[Math.floor(sorted.length / 2)], min: sorted[0], first: firstMs };
    const version = versionOf(peer);
    say({ task: task.name, peer: peer.name, version, ms, rounds: times.length, ...numbers });
    prepared.dispose();
  }
}

/** Times each library once, in turn; how long that took in all. */
async function round(entries: readonly Entry[]): Promise<number> {
  let all = 0;
  for (const { prepared, times } of entries) {
    const start = performance.now();
    await prepared.run();
    const ms = performance.now() - start;
    times.push(ms);
    all += ms;
  }
  return all;
}

/** The largest difference, as a share of the largest value that was expected. */
function furthest(results: readonly Float32Array[], expected: readonly Float32Array[]): number {
  let most = 0;
  expected.forEach((values, i) => {
    const found = results[i] as Float32Array;
    if (found.length !== values.length)
      throw new Error(`result ${i} has ${found.length} values, not ${values.length}`);
    let [difference, largest] = [0, 0];
    for (let j = 0; j < values.length; j++) {
      const [a, b] = [found[j] as number, values[j] as number];
      if (Number.isNaN(a)) throw new Error(`result ${i} has NaN`);
      difference = Math.max(difference, Math.abs(a - b));
      largest = Math.max(largest, Math.abs(b));
    }
    most = Math.max(most, difference / largest);
  });
  return most;
}

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split("\n")[0] as string;

try {
  install();
  const order = page.__order as Order;
  await (order.cold === undefined ? compare(order) : coldStart(order.cold, order.only));
  page.__done = {};
} catch (error) {
  page.__done = { error: error instanceof Error ? `${error.stack}` : String(error) };
}
