import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Tensor, tensor } from "../../mod.ts";
import {
  type Encoder,
  type EncoderDescription,
  encoderOfState,
  writeEncoder,
} from "../../training/encoder-file.ts";
import { newestCheckpoint } from "../../training/run/checkpoints.ts";
import { folderStore } from "../../training/run/folder-store.ts";
import { replaceFile } from "../../training/run/replace-file.ts";
import { UsageError } from "../errors.ts";
import { type CommandLine, readFlags } from "../flags.ts";
import type { CommandHost } from "../host.ts";
import { loadEncoder } from "../load-encoder.ts";
import { knownRunFolder, readConfig } from "../run-folder.ts";
import { Lines } from "../terminal.ts";

export const exportLine: CommandLine = {
  name: "export",
  about: "Writes an encoder to take along: weights under the published names, and a description.",
  positionals: ["RUN"],
  flags: {
    out: { hint: "FOLDER", about: "where encoder.safetensors and encoder.json go (default: export)" },
    checkpoint: { hint: "", about: "take the newest checkpoint, also of a run that has not ended" },
    runs: { hint: "FOLDER", about: "where runs are kept (default: runs)" },
  },
  examples: [
    ["first --out my-encoder", "of the run runs/first"],
    ["first --checkpoint", "as far as an interrupted run has come"],
  ],
};

export async function exportCommand(args: readonly string[], host: CommandHost): Promise<number> {
  const { flags, positionals } = readFlags(exportLine, args);
  const lines = new Lines(host.out);
  const [run = ""] = positionals;
  const out = flags.out ?? "export";
  const { runs = "runs" } = flags;
  const encoder =
    flags.checkpoint === undefined
      ? await loadEncoder(run, runs)
      : await fromCheckpoint(await knownRunFolder(runs, run));
  await mkdir(out, { recursive: true });
  await replaceFile(join(out, "encoder.safetensors"), await writeEncoder(encoder));
  await replaceFile(join(out, "encoder.json"), `${JSON.stringify(encoder.description, null, 2)}\n`);
  const { width, size } = encoder.description;
  lines.say(
    `in ${out}: encoder.safetensors and encoder.json (${size.join(" x ")} images to ${width} numbers)`,
  );
  return 0;
}

async function fromCheckpoint(folder: string): Promise<Encoder> {
  const config = await readConfig(folder);
  const found = await newestCheckpoint(folderStore(folder));
  if (!found) {
    throw new UsageError(`there is no checkpoint in ${folder}; let the run come to its first one`);
  }
  const tensors: Record<string, Tensor> = {};
  for (const [path, { data, shape, dtype }] of found.checkpoint.state) {
    tensors[path] = tensor(data as Float32Array, { shape: [...shape], dtype });
  }
  const { step } = found.checkpoint;
  const description: EncoderDescription = {
    ...config.encoder,
    training: { ...config.encoder.training, steps: step },
  };
  return encoderOfState(tensors, description);
}
