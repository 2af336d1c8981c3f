import { doctorCommand, doctorLine } from "./commands/doctor.ts";
import { embedCommand, embedLine } from "./commands/embed.ts";
import { evaluateCommand, evaluateLine } from "./commands/evaluate.ts";
import { exportCommand, exportLine } from "./commands/export.ts";
import { lookCommand, lookLine } from "./commands/look.ts";
import { pretrainCommand } from "./commands/pretrain.ts";
import { tuneCommand, tuneLine } from "./commands/tune.ts";
import { explained, UsageError } from "./errors.ts";
import { type CommandLine, helpOf, nearestName } from "./flags.ts";
import type { CommandHost } from "./host.ts";
import { pretrainLine } from "./pretrain/line.ts";

type Command = (args: readonly string[], host: CommandHost) => Promise<number>;

const commands: Readonly<Record<string, { readonly line: CommandLine; readonly run: Command }>> = {
  pretrain: { line: pretrainLine, run: pretrainCommand },
  embed: { line: embedLine, run: embedCommand },
  evaluate: { line: evaluateLine, run: evaluateCommand },
  look: { line: lookLine, run: lookCommand },
  export: { line: exportLine, run: exportCommand },
  tune: { line: tuneLine, run: tuneCommand },
  doctor: { line: doctorLine, run: doctorCommand },
};

/**
 * Runs a command and tells what goes wrong.
 *
 * @param args What was typed after the program's name: a command and its arguments.
 * @returns The exit code: 0, 1 for what nobody can help, 2 for what whoever typed can put right, and 130 (or 143) for what
 *   was stopped by Ctrl-C (or by the system), even if it has saved all that it did.
 */
export async function runCommand(args: readonly string[], host: CommandHost): Promise<number> {
  const [name = "help", ...rest] = args;
  try {
    if (name === "--version") {
      host.out.write(`${host.version}\n`);
      return 0;
    }
    const asksForHelp = (word: string) => ["help", "--help", "-h"].includes(word);
    const topic = asksForHelp(name) ? rest[0] : name;
    if (topic === undefined) {
      host.out.write(`${overview(host.program)}\n`);
      return 0;
    }
    const { line, run } = commandNamed(topic);
    if (asksForHelp(name) || rest.some((word) => word === "--help" || word === "-h")) {
      host.out.write(`${helpOf(line, host.program)}\n`);
      return 0;
    }
    return await run(rest, host);
  } catch (error) {
    const { text, code } = explained(error);
    host.complain(code === 1 && text.includes("\n") ? text : `morlet: ${text}`);
    return code;
  }
}

/** @throws {UsageError} If there is none of that name. */
function commandNamed(name: string): (typeof commands)[string] {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command) return command;
  const near = nearestName(name, Object.keys(commands));
  const remedy = near ? `did you mean ${near}?` : `there are ${Object.keys(commands).join(", ")}`;
  throw new UsageError(`there is no command ${name}; ${remedy}`);
}

function overview(program: string): string {
  const lines = Object.values(commands).map(({ line }) => `  ${line.name.padEnd(10)} ${line.about}`);
  return [
    "Morlet learns to represent images without labels. Nothing leaves the machine.",
    "",
    ...lines,
    "",
    `${program} COMMAND --help says more, with examples; ${program} --version says which this is.`,
  ].join("\n");
}
