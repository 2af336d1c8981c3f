// From images to a trained model, as small as can be, on every host.
import { isScriptHost } from "../../data/host.ts";
import { getDevice } from "../../mod.ts";
import { methodOf } from "../../training/job/method-of.ts";
import { presets } from "../../training/job/presets.ts";
import type { Method } from "../../training/method.ts";
import { pretrain } from "../../training/pretrain.ts";
import { browserStore } from "../../training/run/browser-store.ts";
import { folderStore } from "../../training/run/folder-store.ts";
import type { PretrainOptions } from "../../training/run/options.ts";
import { memoryStore, type RunStore } from "../../training/run/store.ts";
import { type Case, Skip } from "../platform/case.ts";
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

/** In half precision, where the adapter has it: near the run in single precision, and in parts as in one piece. */
async function keepsHalves(): Promise<void> {
  if (!(await getDevice()).profile.f16) throw new Skip("this adapter has no half precision");
  const images = stripes(32, 16);
  const method = methodOf({ ...presets["simclr-nano"].recipe, batch: 16 }, images) as Method<unknown>;
  const course = async (more: Partial<PretrainOptions>, stopAt = Number.POSITIVE_INFINITY) => {
    const stop = new AbortController();
    const options = { epochs: 2, batch: 16, seed: 1, monitorEvery: 0, signal: stop.signal, ...more };
    const losses: number[] = [];
    for await (const event of pretrain(method, images, options)) {
      if (event.type !== "step") continue;
      losses.push(event.loss);
      if (event.step === stopAt) stop.abort();
    }
    return losses;
  };
  const whole = await course({});
  const half = await course({ activations: "f16" });
  const apart = half.map((loss, i) => Math.abs(loss - (whole[i] as number)));
  if (half.length !== 4 || !(Math.max(...apart) < 0.02) || half.join() === whole.join())
    throw new Error(`in half precision ${half}, else ${whole}`);
  const kept = { activations: "f16", store: memoryStore(), resume: true } as const;
  const parts = [...(await course(kept, 1)), ...(await course(kept))];
  if (parts.join() !== half.join()) throw new Error(`in parts ${parts}, in one ${half}`);
}

export const cases: readonly Case[] = [
  { name: "a training run gives the same losses again", run: trainsAlike },
  { name: "a run's files are kept", run: keepsFiles },
  { name: "a run in half precision is near one in single precision", run: keepsHalves },
  { name: "a run in parts has the losses of one in one piece", run: resumesAlike },
];
