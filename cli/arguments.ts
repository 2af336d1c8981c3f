import { parseArgs } from "node:util";
import { type EmojiRecipeName, emojiRecipes } from "../training/emoji-recipes.ts";
import type { EmojiRecipe } from "../training/emoji-run.ts";

export interface Arguments {
  readonly help: boolean;
  readonly recipe: EmojiRecipe;
  /** File for the trained encoder, if any. */
  readonly save: string | undefined;
  /** File for the events as JSON lines, if any. */
  readonly log: string | undefined;
}

/** Something wrong with the arguments, in words for whoever typed them. */
export class ArgumentError extends Error {
  override readonly name = "ArgumentError";
}

interface Flag {
  readonly hint: string;
  readonly about: string;
}

const flags = {
  recipe: {
    hint: "NAME",
    about: `${Object.keys(emojiRecipes).join(" or ")}; what follows changes it (default quick)`,
  },
  epochs: { hint: "N", about: "times that every drawing is seen" },
  batch: { hint: "N", about: "drawings of a step" },
  seed: { hint: "N", about: "number that all randomness follows from" },
  rate: { hint: "X", about: "learning rate of the first step" },
  temperature: { hint: "X", about: "of the contrastive loss" },
  view: { hint: "N", about: "rows and columns of the views; drawings have 32" },
  angles: { hint: "N", about: "angles of the scattering transform" },
  stem: { hint: "N", about: "width of the first convolution" },
  width: { hint: "N", about: "width of the residual blocks" },
  blocks: { hint: "N", about: "number of residual blocks" },
  hidden: { hint: "N", about: "inner width of the projection head" },
  out: { hint: "N", about: "width of the projection" },
  emoji: { hint: "N", about: "emoji to train on, two drawings each (default all)" },
  probes: { hint: "", about: "measure with labels, too: nearest neighbours, linear classifier" },
  save: { hint: "FILE", about: "write the trained encoder there (safetensors)" },
  log: { hint: "FILE", about: "write what happens there, a line of JSON each" },
  help: { hint: "", about: "say this" },
} as const satisfies Record<string, Flag>;

type FlagName = keyof typeof flags;

export function helpText(): string {
  const lines = Object.entries(flags).map(
    ([name, { hint, about }]) => `  ${`--${name} ${hint}`.padEnd(18)} ${about}`,
  );
  return [
    "Trains an encoder on emoji drawings without labels, and says what it learned.",
    "",
    "  npm start -- [flags]",
    "",
    ...lines,
    `  ${"--host NAME".padEnd(18)} node (default), deno or chromium`,
  ].join("\n");
}

/**
 * @param args What was typed after the program's name.
 * @throws {ArgumentError} If it cannot be meant.
 */
export function readArguments(args: readonly string[]): Arguments {
  const given = parse(args);
  const { recipe: name = "quick" } = given;
  if (!isRecipeName(name)) {
    throw new ArgumentError(`there is no recipe ${name}, only ${Object.keys(emojiRecipes).join(" and ")}`);
  }
  const base: EmojiRecipe = emojiRecipes[name];
  const [stage] = base.adapter.stages;
  const count = (flag: FlagName, otherwise: number, least = 1) => {
    const text = given[flag];
    if (text === undefined) return otherwise;
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && text !== "") return value;
    throw new ArgumentError(`--${flag} is "${text}"; it takes a whole number from ${least} on`);
  };
  const positive = (flag: FlagName, otherwise: number) => {
    const text = given[flag];
    if (text === undefined) return otherwise;
    const value = Number(text);
    if (Number.isFinite(value) && value > 0) return value;
    throw new ArgumentError(`--${flag} is "${text}"; it takes a number above 0`);
  };
  const recipe: EmojiRecipe = {
    epochs: count("epochs", base.epochs),
    batch: count("batch", base.batch, 2),
    seed: count("seed", base.seed, 0),
    rate: positive("rate", base.rate),
    temperature: positive("temperature", base.temperature),
    view: count("view", base.view, 4),
    angles: count("angles", base.angles),
    adapter: {
      stem: count("stem", base.adapter.stem),
      stages: stagesOf(count("width", stage?.width ?? 64), count("blocks", stage?.blocks ?? 0, 0)),
    },
    hidden: count("hidden", base.hidden),
    out: count("out", base.out),
    emoji: count("emoji", base.emoji),
    probes: given.probes !== undefined,
  };
  return { help: given.help !== undefined, recipe, save: given.save, log: given.log };
}

const stagesOf = (width: number, blocks: number) => (blocks === 0 ? [] : [{ width, blocks }]);

const isRecipeName = (name: string): name is EmojiRecipeName => Object.hasOwn(emojiRecipes, name);

function parse(args: readonly string[]): Partial<Record<FlagName, string>> {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { hint }]) => [
      name,
      { type: hint === "" ? "boolean" : "string" } as const,
    ]),
  );
  try {
    const { values } = parseArgs({ args: [...args], options, allowPositionals: false });
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
  } catch (error) {
    // Node explains at length how to pass odd values; the first sentence says what is wrong.
    const [sentence = ""] = (error as Error).message.split(/\. |\n/);
    throw new ArgumentError(sentence);
  }
}
