import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { getDevice } from "../../mod.ts";
import { patchEncoder } from "../../training/evaluate/dense/look.ts";
import { looksOf } from "../../training/evaluate/dense/looks.ts";
import { numberOf } from "../../training/job/change-recipe.ts";
import { grouped } from "../../training/job/words.ts";
import { attentionPicture } from "../../training/report/attention-picture.ts";
import { mapsShown } from "../../training/report/attention-section.ts";
import { encodePng } from "../../training/report/png.ts";
import { replaceFile } from "../../training/run/replace-file.ts";
import { UsageError } from "../errors.ts";
import { type CommandLine, readFlags } from "../flags.ts";
import { type CommandHost, stoppable } from "../host.ts";
import { checkFits, loadEncoder } from "../load-encoder.ts";
import { dataFlags, openData, readDataFlags } from "../open-data.ts";
import { Lines } from "../terminal.ts";

const { channels: _, labels: __, "hold-out": ___, limit: ____, ...flagsOfData } = dataFlags;
const MOST_IMAGES = 8;

export const lookLine: CommandLine = {
  name: "look",
  about: "Saves a picture of what an encoder with patches attends to in images.",
  positionals: ["ENCODER"],
  flags: {
    ...flagsOfData,
    limit: { hint: "N", about: `look at so many images (default: ${MOST_IMAGES})` },
    part: {
      hint: "X",
      about: "share of the attention that the patches beside the image hold (default: 0.6)",
    },
    out: { hint: "FILE", about: "a PNG file (default: attention.png)" },
  },
  examples: [
    ["runs/first --data photos", "attention.png, a row for each of eight photos"],
    [
      "runs/first --data cat.jpg --size 224 --out cat.png",
      "one picture, larger than those it was trained on",
    ],
  ],
};

export async function lookCommand(args: readonly string[], host: CommandHost): Promise<number> {
  const { flags, positionals } = readFlags(lookLine, args);
  const lines = new Lines(host.out);
  if (flags.data === undefined) throw new UsageError("look needs --data with a folder, a zip or a picture");
  const { out = "attention.png" } = flags;
  if (!/\.png$/i.test(out)) throw new UsageError(`--out is "${out}"; its name must end in .png`);
  const part = flags.part === undefined ? 0.6 : numberOf("part", flags.part, undefined, 1);
  const limit = flags.limit === undefined ? MOST_IMAGES : numberOf("limit", flags.limit, 1);
  const whole = await loadEncoder(positionals[0] as string);
  const { model, description } = whole;
  const encoder = patchEncoder(model);
  if (!encoder) {
    throw new UsageError(
      `an encoder of ${description.method} has no patches to look at: those of DINO, SelfPatch and EsViT have`,
    );
  }
  const choice = readDataFlags(flags, flags.data, 0);
  await mkdir(dirname(out), { recursive: true }); // before the work, not after it
  lines.say(`Morlet on ${(await getDevice()).name}`);
  const words = { asked: () => "stopping", stopped: "stopped; nothing was written" };
  return stoppable(host, lines, words, async (stop) => {
    const { size, channels } = description;
    const { train } = await openData(
      { ...choice, size: choice.size ?? size, channels, limit, holdOut: 0 },
      ...([host, lines, stop.signal] as const),
    );
    const { images, names } = train;
    checkFits(whole, images);
    lines.pass(`looking at ${grouped(images.count)} images ...`);
    const looks = await looksOf(encoder, images, description.statistics);
    stop.signal.throwIfAborted();
    await replaceFile(out, await encodePng(attentionPicture(images, looks, { part })));
    const columns = [
      "the image",
      `what holds ${Math.round(part * 100)} %`,
      ...mapsShown(looks, 0).map(({ title }) => title),
    ];
    lines.say(`${out}: ${columns.join(", ")}`);
    for (const [i, name] of names.entries()) lines.say(`  row ${i + 1}  ${name}`);
    return 0;
  });
}
