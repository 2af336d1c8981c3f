import type { FileReader } from "../data/files.ts";
import type { Lines, Terminal } from "./terminal.ts";

/** What commands need of the program that they run in. */
export interface CommandHost {
  readonly out: Terminal;
  /** Words about what went wrong. */
  complain(text: string): void;
  readonly version: string;
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

/**
 * Runs work that Ctrl-C stops in order.
 *
 * @param words What is said when it is asked to stop, and when it has.
 * @param work Gives the exit code, or rejects with an AbortError where it was stopped.
 */
export async function stoppable(
  host: CommandHost,
  lines: Lines,
  words: { readonly asked: () => string; readonly stopped: string },
  work: (stop: Interruption) => Promise<number>,
): Promise<number> {
  const stop = interruptible(host, words.asked);
  try {
    return await work(stop);
  } catch (error) {
    if ((error as Error).name !== "AbortError") throw error;
    lines.say(words.stopped);
    return stop.code;
  } finally {
    stop.end();
    lines.close();
  }
}

/** A signal for Ctrl-C: once stops in order, twice leaves. */
function interruptible(host: CommandHost, words: () => string): Interruption {
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
