import { parseArgs } from "node:util";
import { UsageError } from "./errors.ts";

export interface Flag {
  /** What stands for its value in the help; "" for a flag without one. */
  readonly hint: string;
  readonly about: string;
}

export type Flags = Readonly<Record<string, Flag>>;

/** A command with what it takes. */
export interface CommandLine {
  readonly name: string;
  /** What it does, a sentence. */
  readonly about: string;
  /** Names of what stands without a flag, such as "ENCODER". */
  readonly positionals: readonly string[];
  readonly flags: Flags;
  /** Each with what it does. */
  readonly examples: readonly (readonly [args: string, about: string])[];
  /** More words for the end of the help. */
  readonly notes?: readonly string[];
  /** What flags of old are called now. */
  readonly renamed?: Readonly<Record<string, string>>;
}

export interface Given {
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly positionals: readonly string[];
}

/**
 * @param args What was typed after the command's name.
 * @throws {UsageError} If it cannot be meant.
 */
export function readFlags(command: CommandLine, args: readonly string[]): Given {
  const options = Object.fromEntries(
    Object.entries(command.flags).map(([name, { hint }]) => [
      name,
      { type: hint === "" ? "boolean" : "string" } as const,
    ]),
  );
  checkNames(command, args);
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const flags = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
    const most = command.positionals.length;
    if (positionals.length > most) {
      const takes = most === 0 ? "flags alone" : `${command.positionals.join(" ")} and flags`;
      const word = positionals[most] as string;
      const meant = command.flags.data && flags.data === undefined ? `; did you mean --data ${word}?` : "";
      throw new UsageError(`${command.name} takes ${takes}, and "${word}" is one word too many${meant}`);
    }
    if (positionals.length < most) {
      throw new UsageError(
        `${command.name} needs ${command.positionals[positionals.length]}; ${usage(command)}`,
      );
    }
    return { flags, positionals };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    // Node explains at length how to pass odd values; the first sentence says what is wrong.
    const [sentence = ""] = (error as Error).message.split(/\. |\n/);
    throw new UsageError(`${sentence}; ${usage(command)}`);
  }
}

/** Says of an unknown flag what may have been meant. */
function checkNames(command: CommandLine, args: readonly string[]): void {
  for (const arg of args) {
    if (arg === "--") return;
    const [, name] = /^--([^=]+)/.exec(arg) ?? [];
    if (name === undefined || Object.hasOwn(command.flags, name)) continue;
    const now = command.renamed?.[name];
    if (now !== undefined) throw new UsageError(`--${name} is gone: ${now}`);
    const near = nearestName(name, Object.keys(command.flags));
    const meant = near ? `; did you mean --${near}?` : `; ${usage(command)}`;
    throw new UsageError(`there is no flag --${name}${meant}`);
  }
}

const usage = ({ name }: CommandLine): string => `${name} --help lists the flags`;

/** The known name that takes the fewest changes to reach, if they are few. */
export function nearestName(name: string, known: readonly string[]): string | null {
  let [best, least]: [string | null, number] = [null, Math.max(2, Math.floor(name.length / 3)) + 1];
  for (const each of known) {
    const changes = distance(name, each);
    if (changes < least) [best, least] = [each, changes];
  }
  return best;
}

/** Letters to insert, leave out or replace. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** @param program How the program is called. */
export function helpOf(command: CommandLine, program: string): string {
  const { name, about, positionals, flags, examples, notes = [] } = command;
  const entries = Object.entries({ ...flags, help: { hint: "", about: "say this" } });
  const wide = Math.max(...entries.map(([flag, { hint }]) => flag.length + hint.length)) + 4;
  return [
    about,
    "",
    `  ${program} ${[name, ...positionals].join(" ")} [flags]`,
    "",
    ...entries.map(([flag, { hint, about }]) => `  ${`--${flag} ${hint}`.padEnd(wide)} ${about}`),
    "",
    "Examples:",
    ...examples.flatMap(([args, what]) => [`  ${program} ${name} ${args}`.trimEnd(), `      ${what}`]),
    ...(notes.length > 0 ? ["", ...notes] : []),
  ].join("\n");
}
