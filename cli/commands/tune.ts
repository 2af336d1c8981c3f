import { getDevice } from "../../mod.ts";
import { type DotShape, keepTuning, keptTuning, tune } from "../../tune.ts";
import { UsageError } from "../errors.ts";
import { type CommandLine, readFlags } from "../flags.ts";
import type { CommandHost } from "../host.ts";
import { Lines } from "../terminal.ts";

export const tuneLine: CommandLine = {
  name: "tune",
  about: "Measures which tiles of products are fastest here, and keeps them for the runs to come.",
  positionals: [],
  flags: {
    products: {
      hint: "SIZES",
      about: "products to find the best tile for, as MxNxK or BATCHxMxNxK, with commas between",
    },
    seconds: {
      hint: "N",
      about: "begin no further measurement after so many (default: as long as it takes)",
    },
  },
  examples: [
    ["", "where drivers run on the processor: what rounds of all tiles take, half a minute or so"],
    ["--products 6304x1536x384,6304x384x1536", "two products of a step; DEBUG=3 names those of a run"],
  ],
  notes: [
    "Nothing else should run meanwhile. What was measured before is kept where it is not measured again. A run that has",
    "begun goes on with the tiles that it began with.",
  ],
};

export async function tuneCommand(args: readonly string[], host: CommandHost): Promise<number> {
  const { flags } = readFlags(tuneLine, args);
  const shapes = flags.products === undefined ? [] : flags.products.split(",").map(shapeOf);
  const seconds = flags.seconds === undefined ? Number.POSITIVE_INFINITY : Number(flags.seconds);
  if (!(seconds > 0)) throw new UsageError(`--seconds is ${flags.seconds}; it takes a number above 0`);
  const lines = new Lines(host.out);
  const device = await getDevice();
  lines.say(`Morlet on ${device.name}`);
  if (!device.profile.quads && shapes.length === 0) {
    throw new UsageError(
      "on this adapter tiles are measured product by product: name those that matter with --products",
    );
  }
  let tried = 0;
  const table = await tune({
    shapes,
    seconds,
    onCandidate({ batch, m, n, k }) {
      tried++;
      if (lines.isTTY) lines.pass(`tile ${tried}, of ${batch}x${m}x${n}x${k} ...`);
    },
  });
  const before = await keptTuning(device.profile.adapter);
  const rounds = { ...before?.rounds, ...table.rounds };
  const dots = { ...before?.dots, ...table.dots };
  await keepTuning({ ...table, rounds, dots });
  for (const [size, { variant, ...numbers }] of Object.entries(table.dots ?? {})) {
    const told = Object.entries(numbers).map(([name, value]) => `${name} ${value}`);
    lines.say(`${size.replaceAll(",", "x")}: ${variant}, ${told.join(", ")}`);
  }
  lines.say(`${tried} tiles measured; kept for the runs to come on this adapter`);
  return 0;
}

/** @throws {UsageError} If these are no sizes of a product. */
function shapeOf(text: string): DotShape {
  const sizes = text.split("x").map(Number);
  const [k = 0, n = 0, m = 0, batch = 1] = sizes.toReversed();
  if (![3, 4].includes(sizes.length) || ![batch, m, n, k].every((x) => Number.isInteger(x) && x > 0))
    throw new UsageError(
      `--products has "${text}"; a product is MxNxK or BATCHxMxNxK, such as 6304x384x1536`,
    );
  return { batch, m, n, k };
}
