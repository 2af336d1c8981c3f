// From images to a trained model, as small as can be, on every host.
import { isScriptHost } from "../../data/host.ts";
import { browserStore } from "../../training/run/browser-store.ts";
import { folderStore } from "../../training/run/folder-store.ts";
import type { RunStore } from "../../training/run/store.ts";
import type { Case } from "../platform/case.ts";
import { eventsOf, lossesOf } from "./small.ts";
import { runTiny, stripes } from "./tiny.ts";

/** Of the first step. All randomness is counted out, so hosts differ in rounding alone. */
const FIRST_LOSS = 1.6949;

async function trainsAlike(): Promise<void> {
  const options = { epochs: 1, batch: 4, seed: 1, monitorEvery: 0 };
  const { losses } = await runTiny(stripes(8), options);
  const again = await runTiny(stripes(8), options);
  if (losses.length !== 2 || again.losses.join() !== losses.join()) {
    throw new Error(`two runs differ: ${losses} and ${again.losses}`);
  }
  if (!(Math.abs((losses[0] as number) - FIRST_LOSS) < 1e-3)) {
    throw new Error(`the first loss is ${losses[0]}, want ${FIRST_LOSS}`);
  }
}

/** Files of a run where this host keeps them for long: written whole, read back, added to, listed, removed. */
async function keepsFiles(): Promise<void> {
  const name = `morlet-test-${Math.random().toString(36).slice(2)}`;
  const store = await storeOfHost(name);
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i);
  const text = async (file: string) => new TextDecoder().decode((await store.read(file)) ?? new Uint8Array());
  await store.write("a.bin", bytes.subarray(0, 10));
  await store.write("a.bin", bytes);
  await store.append("b.jsonl", "one\n");
  await store.append("b.jsonl", "zwei \u00e4\n");
  const found = await store.read("a.bin");
  const told = [
    await store.read("c"),
    found?.join() === bytes.join(),
    await text("b.jsonl"),
    await store.list(),
  ];
  await store.remove("a.bin");
  await store.remove("a.bin");
  await store.remove("b.jsonl");
  const want = [null, true, "one\nzwei \u00e4\n", ["a.bin", "b.jsonl"]];
  if (JSON.stringify(told) !== JSON.stringify(want)) throw new Error(`found ${JSON.stringify(told)}`);
  if ((await store.list()).length > 0) throw new Error("files were not removed");
  await store.write("../a", bytes).then(
    () => Promise.reject(new Error("a name led out of the folder")),
    () => undefined,
  );
}

async function storeOfHost(name: string): Promise<RunStore> {
  if (!isScriptHost()) return browserStore(name);
  const { tmpdir } = (await import("node:os".concat(""))) as typeof import("node:os");
  return folderStore(`${tmpdir()}/${name}`);
}

/** In parts, through the files of this host. */
async function resumesAlike(): Promise<void> {
  const store = await storeOfHost(`morlet-test-${Math.random().toString(36).slice(2)}`);
  const options = { epochs: 4, batch: 4, seed: 2, checkpointEvery: 2 };
  const whole = lossesOf(await eventsOf(options));
  const stop = new AbortController();
  const part = { ...options, store, resume: true };
  const first = await eventsOf(
    { ...part, signal: stop.signal },
    { see: (event) => event.type === "step" && event.step === 5 && stop.abort() },
  );
  const rest = await eventsOf(part);
  for (const name of await store.list()) await store.remove(name);
  const parts = [...lossesOf(first), ...lossesOf(rest)];
  if (parts.join() !== whole.join()) throw new Error(`in parts ${parts}, in one ${whole}`);
}

export const cases: readonly Case[] = [
  { name: "a training run gives the same losses again", run: trainsAlike },
  { name: "a run's files are kept", run: keepsFiles },
  { name: "a run in parts has the losses of one in one piece", run: resumesAlike },
];
