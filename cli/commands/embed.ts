import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { ImageCollection } from "../../data/collection.ts";
import { writeNpy, writeSafetensors } from "../../io.ts";
import { compile, getDevice, type Tensor, tensor } from "../../mod.ts";
import { encode } from "../../training/encoder-file.ts";
import { type Embeddings, embed } from "../../training/evaluate/embeddings.ts";
import { numberOf } from "../../training/job/change-recipe.ts";
import { grouped } from "../../training/job/words.ts";
import { replaceFile } from "../../training/run/replace-file.ts";
import { UsageError } from "../errors.ts";
import { type CommandLine, readFlags } from "../flags.ts";
import { type CommandHost, stoppable } from "../host.ts";
import { keepLeftOut, LEFT_OUT, leftOut } from "../left-out.ts";
import { checkFits, loadEncoder } from "../load-encoder.ts";
import { dataFlags, describeData, openData, readDataFlags } from "../open-data.ts";
import { Lines } from "../terminal.ts";

const { channels: _, labels: __, "hold-out": ___, ...flagsOfData } = dataFlags;

export const embedLine: CommandLine = {
  name: "embed",
  about: "Writes what an encoder makes of images, a row of numbers each.",
  positionals: ["ENCODER"],
  flags: {
    ...flagsOfData,
    out: { hint: "FILE", about: "npy, safetensors or csv, by its ending (default: embeddings.npy)" },
    batch: { hint: "N", about: "images at a time (default: 100)" },
  },
  examples: [
    ["runs/first --data photos", "embeddings.npy, and the files' names in embeddings.npy.names.txt"],
    ["runs/first --data photos --out photos.csv", "with the name and the class of each image"],
    ["encoder.safetensors --data photos.zip --out photos.safetensors", "names are in its metadata"],
  ],
};

export async function embedCommand(args: readonly string[], host: CommandHost): Promise<number> {
  const { flags, positionals } = readFlags(embedLine, args);
  const lines = new Lines(host.out);
  if (flags.data === undefined) throw new UsageError("embed needs --data with a folder, a zip or a data set");
  const out = flags.out ?? "embeddings.npy";
  const write = writerFor(out);
  const batch = flags.batch === undefined ? 100 : numberOf("batch", flags.batch, 1);
  const encoder = await loadEncoder(positionals[0] as string);
  const { size, channels } = encoder.description;
  const choice = readDataFlags(flags, flags.data, 0);
  await mkdir(dirname(out), { recursive: true }); // before the work, not after it
  lines.say(`Morlet on ${(await getDevice()).name}`);
  const compiled = compile((images: Tensor) => encode(encoder, images), { name: "embed" });
  const list = `${out}.${LEFT_OUT}`;
  const words = { asked: () => "stopping", stopped: "stopped; no embeddings were written" };
  return stoppable(host, lines, words, async (stop) => {
    const opened = await openData(
      { ...choice, size: choice.size ?? size, channels, holdOut: 0 },
      ...([host, lines, stop.signal] as const),
    );
    checkFits(encoder, opened.train.images);
    for (const line of describeData(opened, "embed", `all in ${list}`)) lines.say(line);
    const damaged = leftOut(opened);
    await keepLeftOut(list, damaged);
    const sides = [opened.train, ...(opened.test ? [opened.test] : [])];
    const parts: Embeddings[] = [];
    for (const { images } of sides) {
      lines.pass(`embedding ${grouped(images.count)} images ...`);
      parts.push(await embed(images, compiled, { batch }));
      if (stop.signal.aborted) throw new DOMException("stopped", "AbortError");
    }
    const all = joined(parts);
    const files = await write(all, sides);
    lines.say(`${grouped(all.count)} rows of ${all.width} numbers in ${files.join(" and ")}`);
    if (damaged.length > 0) lines.say(`what was left out is in ${list}`);
    return 0;
  }).finally(() => compiled.dispose());
}

type Write = (embeddings: Embeddings, sides: readonly ImageCollection[]) => Promise<string[]>;

function writerFor(out: string): Write {
  const [, ending] = /\.([a-z]+)$/i.exec(out) ?? [];
  switch (ending?.toLowerCase()) {
    case "npy":
      return async (embeddings, sides) => {
        await replaceFile(out, await writeNpy(matrix(embeddings)));
        const names = `${out}.names.txt`;
        await replaceFile(
          names,
          sides.flatMap(({ names }) => names.map((name) => `${oneLine(name)}\n`)).join(""),
        );
        return [out, names];
      };
    case "safetensors":
      return async (embeddings, sides) => {
        const labels = sides.flatMap((side) => side.names.map((_, i) => side.labels?.[i] ?? -1));
        const names = sides.flatMap(({ names }) => names);
        const classes = sides[0]?.classes ?? [];
        const tensors = {
          embeddings: matrix(embeddings),
          labels: tensor(Int32Array.from(labels)),
        };
        const metadata = { names: JSON.stringify(names), classes: JSON.stringify(classes) };
        await replaceFile(out, await writeSafetensors(tensors, metadata));
        return [out];
      };
    case "csv":
      return async (embeddings, sides) => {
        await replaceFile(out, csvOf(embeddings, sides));
        return [out];
      };
    default:
      throw new UsageError(`--out is "${out}"; its name must end in .npy, .safetensors or .csv`);
  }
}

const matrix = ({ count, width, values }: Embeddings): Tensor => tensor(values, { shape: [count, width] });

/** A header, then a line for each image: name, class, numbers. */
function csvOf({ width, values }: Embeddings, sides: readonly ImageCollection[]): string {
  const lines = [["name", "class", ...Array.from({ length: width }, (_, k) => `e${k}`)].join(",")];
  let row = 0;
  for (const { names, labels, classes } of sides) {
    names.forEach((name, i) => {
      const label = classes?.[labels?.[i] ?? -1] ?? "";
      const numbers = values.subarray(row * width, (row + 1) * width).join(",");
      lines.push(`${field(name)},${field(label)},${numbers}`);
      row++;
    });
  }
  return `${lines.join("\n")}\n`;
}

/** Quoted where it must be. */
const field = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

const oneLine = (name: string): string => name.replace(/[\r\n]+/g, " ");

function joined(parts: readonly Embeddings[]): Embeddings {
  const width = parts[0]?.width ?? 0;
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const values = new Float32Array(count * width);
  let at = 0;
  for (const part of parts) {
    values.set(part.values, at);
    at += part.values.length;
  }
  return { count, width, values };
}
