import type { FileReader } from "../data/files.ts";
import type { Terminal } from "./terminal.ts";

/** What commands need of the program that they run in. */
export interface CommandHost {
  readonly out: Terminal;
  /** Words about what went wrong. */
  complain(text: string): void;
  /** How this program is called, for words such as "go on with ...". */
  readonly program: string;
  /** Reads the folder of the bundled emoji. */
  readonly emoji: FileReader;
  /** Calls back at Ctrl-C, or when the system asks the program to end, with the exit code that is meant for it. */
  onInterrupt(listener: (code: number) => void): () => void;
  /** Leaves at once. */
  leave(code: number): void;
}

export interface Interruption {
  readonly signal: AbortSignal;
  /** What a command that was stopped exits with, in order or not: 130 for Ctrl-C, as shells have it. */
  readonly code: number;
  end(): void;
}

/** A signal for Ctrl-C: once stops in order, twice leaves. */
export function interruptible(host: CommandHost, words: () => string): Interruption {
  const stop = new AbortController();
  let first = 130;
  const end = host.onInterrupt((code) => {
    if (stop.signal.aborted) host.leave(code);
    first = code;
    stop.abort();
    host.complain(`\n${words()}; Ctrl-C again leaves at once`);
  });
  return {
    signal: stop.signal,
    get code() {
      return first;
    },
    end,
  };
}
