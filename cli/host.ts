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
  /** Calls back at Ctrl-C; returns what ends that. */
  onInterrupt(listener: () => void): () => void;
  /** Leaves at once. */
  leave(code: number): void;
}

/** A signal for Ctrl-C: once stops in order, twice leaves. */
export function interruptible(host: CommandHost, words: () => string): { signal: AbortSignal; end(): void } {
  const stop = new AbortController();
  const end = host.onInterrupt(() => {
    if (stop.signal.aborted) host.leave(130);
    stop.abort();
    host.complain(`\n${words()}; Ctrl-C again leaves at once`);
  });
  return { signal: stop.signal, end };
}
