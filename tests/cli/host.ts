import { runCommand } from "../../cli/commands.ts";
import type { CommandHost } from "../../cli/host.ts";
import { fileReader } from "../../data/files.ts";

/** A command's outcome: its exit code and what it said. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly errors: string;
}

interface Script {
  /** Called with everything that was said so far; what it returns is done to the program. */
  readonly watch?: (said: string) => "interrupt" | undefined;
}

/** Runs a command as the program would, in this process. */
export async function morlet(args: readonly string[], { watch }: Script = {}): Promise<Outcome> {
  const said = { out: "", errors: "" };
  const listeners = new Set<(code: number) => void>();
  let interrupted = false;
  const host: CommandHost = {
    out: {
      isTTY: false,
      write(text) {
        said.out += text;
        if (interrupted || watch?.(said.out) !== "interrupt") return;
        interrupted = true;
        for (const listener of listeners) listener(130);
      },
    },
    complain(text) {
      said.errors += `${text}\n`;
    },
    version: "1.2.3",
    program: "morlet",
    emoji: fileReader(new URL("../../data/emoji/", import.meta.url)),
    onInterrupt(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    leave(code) {
      throw new Error(`left with ${code}`);
    },
  };
  const code = await runCommand(args, host);
  return { code, ...said };
}
