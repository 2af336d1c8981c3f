/** Where words go: a terminal, or a file that keeps every line. */
export interface Terminal {
  readonly isTTY: boolean;
  /** Characters of a line, where it is a terminal. */
  readonly columns?: number;
  write(text: string): void;
}

/** Lines that stay and a line that changes, on a terminal; elsewhere all stay. */
export class Lines {
  private readonly terminal: Terminal;
  private passing = false;

  constructor(terminal: Terminal) {
    this.terminal = terminal;
  }

  get isTTY(): boolean {
    return this.terminal.isTTY;
  }

  say(text: string): void {
    this.terminal.write(this.passing ? `\r\x1b[K${text}\n` : `${text}\n`);
    this.passing = false;
  }

  /** A line that the next one replaces, where that can be. */
  pass(text: string): void {
    if (!this.terminal.isTTY) {
      this.say(text);
      return;
    }
    // A line that wraps could not be replaced.
    this.terminal.write(`\r\x1b[K${text.slice(0, (this.terminal.columns ?? 120) - 1)}`);
    this.passing = true;
  }

  table(rows: readonly (readonly string[])[]): void {
    for (const [name = "", ...numbers] of rows) {
      this.say(name.padEnd(24) + numbers.map((text) => text.padStart(9)).join(""));
    }
  }

  /** Ends a line that would be written over. */
  close(): void {
    if (this.passing) this.terminal.write("\n");
    this.passing = false;
  }
}
