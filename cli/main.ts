// The terminal front end, the same file in Node and Deno.
import { appendFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileReader } from "../data/files.ts";
import { writeSafetensors } from "../engine/public/files.ts";
import { getDevice } from "../mod.ts";
import { saveWeights } from "../models/nn/weights.ts";
import { emojiRun } from "../training/emoji-run.ts";
import { ArgumentError, type Arguments, helpText, readArguments } from "./arguments.ts";
import { Report } from "./report.ts";

process.exitCode = await main(process.argv.slice(2));
// Leaves at once: an open device would hold the process.
process.exit();

async function main(args: readonly string[]): Promise<number> {
  try {
    const given = readArguments(args);
    if (given.help) {
      console.log(helpText());
      return 0;
    }
    await run(given);
    return 0;
  } catch (error) {
    if (error instanceof ArgumentError) {
      console.error(`morlet: ${error.message}; npm start -- --help lists the flags`);
      return 2;
    }
    const known =
      error instanceof Error &&
      error.name !== "Error" &&
      !/^(Type|Reference|Range|Syntax)Error$/.test(error.name);
    console.error(known ? `morlet: ${(error as Error).message}` : error);
    return 1;
  }
}

async function run({ recipe, save, log }: Arguments): Promise<void> {
  const stop = new AbortController();
  process.on("SIGINT", () => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
    console.error("\nstopping after this step; what was learned is measured. Ctrl-C again leaves at once");
  });
  const root = process.env.MORLET_ROOT;
  const read = fileReader(root ? `${root}/data/emoji` : new URL("../data/emoji/", import.meta.url));
  if (log) writeFileSync(log, "");
  console.log(`Morlet on ${(await getDevice()).name}`);
  const report = new Report(
    { isTTY: process.stdout.isTTY === true, write: (text) => void process.stdout.write(text) },
    recipe,
  );
  try {
    for await (const event of emojiRun(recipe, { read, signal: stop.signal })) {
      report.tell(event);
      if (log) appendFileSync(log, `${JSON.stringify(withoutState(event))}\n`);
      if (save && event.type === "end") {
        const metadata = { recipe: JSON.stringify(recipe), steps: String(event.steps) };
        writeFileSync(save, await writeSafetensors(saveWeights(event.state.model), metadata));
      }
    }
  } finally {
    report.close();
  }
}

/** The event without the tensors that it carries. */
function withoutState(event: object): object {
  const { state: _, ...rest } = event as { state?: unknown };
  return rest;
}
