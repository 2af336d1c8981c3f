import type { EmojiEvent, EmojiRecipe, EmojiScore } from "../training/emoji-run.ts";
import {
  clock,
  describeData,
  describeModel,
  describeStep,
  question,
  scoreNames,
  scoreTable,
  verdict,
} from "../training/emoji-words.ts";

/** Where words go: a terminal, or a file that keeps every line. */
export interface Terminal {
  readonly isTTY: boolean;
  write(text: string): void;
}

const SECONDS_BETWEEN_LINES = 10;

/** Says what happens in a run: one line that changes on a terminal, a line now and then elsewhere. */
export class Report {
  private readonly terminal: Terminal;
  private readonly recipe: EmojiRecipe;
  private readonly scores: EmojiScore[] = [];
  private readonly started = performance.now();
  private lastLine = Number.NEGATIVE_INFINITY;
  private passing = false;

  constructor(terminal: Terminal, recipe: EmojiRecipe) {
    this.terminal = terminal;
    this.recipe = recipe;
  }

  tell(event: EmojiEvent): void {
    switch (event.type) {
      case "data":
        this.line(describeData(event));
        break;
      case "start":
        for (const text of describeModel(this.recipe, event)) this.line(text);
        this.pass("compiling the training step ...");
        break;
      case "step": {
        const now = performance.now() / 1000;
        const due = now - this.lastLine >= SECONDS_BETWEEN_LINES || event.step === event.steps;
        if (!this.terminal.isTTY && !due) break;
        this.lastLine = now;
        this.pass(describeStep(this.recipe, event));
        break;
      }
      case "epoch":
        this.line(`epoch ${event.epoch}/${this.recipe.epochs}  mean loss ${event.loss.toFixed(3)}`);
        break;
      case "end":
        if (event.stopped) this.line(`stopped after ${event.steps} steps`);
        this.line(`trained for ${clock(event.seconds)}`);
        break;
      case "measuring":
        this.pass(`measuring: ${scoreNames[event.what]} ...`);
        break;
      case "score":
        this.scores.push(event.score);
        if (event.score.name === "trained") this.table();
        break;
    }
  }

  /** Ends a line that would be written over. */
  close(): void {
    if (this.passing) this.terminal.write("\n");
    this.passing = false;
  }

  private table(): void {
    this.line("");
    this.line(question);
    for (const [name = "", ...numbers] of scoreTable(this.scores)) {
      this.line(name.padEnd(24) + numbers.map((text) => text.padStart(9)).join(""));
    }
    this.line("");
    this.line(verdict(this.scores));
    this.line(`all in all ${clock((performance.now() - this.started) / 1000)}`);
  }

  private line(text: string): void {
    this.terminal.write(this.passing ? `\r\x1b[K${text}\n` : `${text}\n`);
    this.passing = false;
  }

  /** A line that the next one replaces, where that can be. */
  private pass(text: string): void {
    if (!this.terminal.isTTY) {
      this.line(text);
      return;
    }
    this.terminal.write(`\r\x1b[K${text}`);
    this.passing = true;
  }
}
