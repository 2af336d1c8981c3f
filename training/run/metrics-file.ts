import type { RunStore } from "./store.ts";

/** Name of the file: one JSON object a line, in the order of what happened. */
export const METRICS = "metrics.jsonl";

const MILLISECONDS_BETWEEN_WRITES = 1000;

/** The metrics of a run as they are told, written in portions. */
export class MetricsFile {
  private readonly store: RunStore;
  private lines = "";
  private written = performance.now();

  constructor(store: RunStore) {
    this.store = store;
  }

  /** Takes off what is not of the first `step` steps, and what a kill has left torn. */
  async cutAfter(step: number): Promise<void> {
    const bytes = await this.store.read(METRICS);
    if (!bytes) return;
    const text = new TextDecoder().decode(bytes);
    const kept: string[] = [];
    for (const line of text.slice(0, text.lastIndexOf("\n") + 1).split("\n")) {
      const at = stepOfLine(line);
      if (at === null) continue;
      if (at > step) break;
      kept.push(`${line}\n`);
    }
    const whole = kept.join("");
    if (whole !== text) await this.store.write(METRICS, new TextEncoder().encode(whole));
  }

  /** Notes what happened; what is a tensor, or holds some, is left out. */
  async add(event: Readonly<Record<string, unknown>> | { readonly type: string }): Promise<void> {
    const { state: _, ...plain } = event as Readonly<Record<string, unknown>>;
    this.lines += `${JSON.stringify(plain)}\n`;
    if (performance.now() - this.written >= MILLISECONDS_BETWEEN_WRITES) await this.flush();
  }

  async flush(): Promise<void> {
    const { lines } = this;
    this.lines = "";
    this.written = performance.now();
    if (lines !== "") await this.store.append(METRICS, lines);
  }
}

/** How far the run was at a line; null if it is no line of a run. */
function stepOfLine(line: string): number | null {
  try {
    const { step, done = 0 } = JSON.parse(line) as { step?: number; done?: number };
    return step ?? done;
  } catch {
    return null;
  }
}

/** The lines of a metrics file, as the reports read them; a torn last line is left out. */
export function readMetrics(bytes: Uint8Array): Record<string, unknown>[] {
  const lines = new TextDecoder().decode(bytes).split("\n");
  return lines.filter((line) => stepOfLine(line) !== null).map((line) => JSON.parse(line));
}
