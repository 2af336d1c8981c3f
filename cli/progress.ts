import type { ImageForm } from "../training/encoders/kind.ts";
import type { Score } from "../training/job/measure.ts";
import { isPreset, presets } from "../training/job/presets.ts";
import type { Recipe } from "../training/job/recipe.ts";
import type { JobEvent } from "../training/job/run-job.ts";
import {
  aboutScores,
  clock,
  describeModel,
  describeStep,
  scoreTable,
  verdict,
  wayNames,
} from "../training/job/words.ts";
import type { Monitors } from "../training/monitors/monitors.ts";
import type { Lines } from "./terminal.ts";

const SECONDS_BETWEEN_LINES = 10;

/** Says what happens in a run: one line that changes on a terminal, a line now and then elsewhere. */
export class Progress {
  private readonly lines: Lines;
  private readonly recipe: Recipe;
  private readonly preset: string;
  private readonly images: ImageForm;
  private readonly scores: Score[] = [];
  private readonly started = performance.now();
  private lastLine = Number.NEGATIVE_INFINITY;
  private monitors: Monitors | null = null;
  /** Means of the epochs of this session. */
  private readonly losses: number[] = [];

  constructor(
    lines: Lines,
    { recipe, preset, images }: { recipe: Recipe; preset: string; images: ImageForm },
  ) {
    this.lines = lines;
    this.recipe = recipe;
    this.preset = preset;
    this.images = images;
  }

  tell(event: JobEvent): void {
    const { lines, recipe } = this;
    switch (event.type) {
      case "start": {
        const { epochs, stepsPerEpoch, done, steps } = event;
        lines.say(describeModel(recipe, this.images, event.state));
        const batches = `${epochs} epochs of ${stepsPerEpoch} steps of ${recipe.batch} images`;
        lines.say(`preset ${this.preset}, seed ${recipe.seed}: ${batches}`);
        if (done > 0) lines.say(`going on after step ${done} of ${steps}`);
        if (done < steps) lines.pass("compiling the training step ...");
        break;
      }
      case "step": {
        const now = performance.now() / 1000;
        const due = now - this.lastLine >= SECONDS_BETWEEN_LINES || event.step === event.steps;
        if (!lines.isTTY && !due) break;
        this.lastLine = now;
        lines.pass(describeStep(recipe.epochs, event, this.monitors));
        break;
      }
      case "epoch":
        this.losses.push(event.loss);
        lines.say(`epoch ${event.epoch}/${recipe.epochs}  mean loss ${event.loss.toFixed(3)}`);
        break;
      case "monitors":
        this.monitors = event.monitors;
        break;
      case "warning":
        lines.say(`note: ${event.message}`);
        break;
      case "recovered":
        lines.say(`the device was lost (${event.reason}); a new one goes on after step ${event.from}`);
        break;
      case "end":
        if (!event.stopped) lines.say(`trained for ${clock(event.seconds)}`);
        break;
      case "measuring":
        lines.pass(`measuring: ${wayNames[event.what]} ...`);
        break;
      case "measured":
        this.scores.push(event.measured.score);
        if (event.measured.score.way === "trained") this.table(event.question, event.heldOut);
        break;
    }
  }

  private table(question: string | null, heldOut: boolean): void {
    const { lines, scores } = this;
    lines.say("");
    for (const text of aboutScores(question, heldOut)) lines.say(text);
    lines.table(scoreTable(scores));
    lines.say("");
    lines.say(verdict(scores));
    if (this.isReference) lines.say(this.reference());
    lines.say(`all in all ${clock((performance.now() - this.started) / 1000)}`);
  }

  /** Whether there are figures of others to hold this run against. */
  private get isReference(): boolean {
    return isPreset(this.preset) && presets[this.preset].data !== null;
  }

  /** The figures in the order and the form of the reference runs. */
  private reference(): string {
    const { scores, losses, recipe } = this;
    const { knn, linear, pairs, spread } = scores.at(-1) as Score;
    const share = (x: number | null) => (x === null ? "-" : x.toFixed(3).replace(/^0/, ""));
    const found = pairs ? `, retrieval ${share(pairs.first)} / ${share(pairs.amongFive)}` : "";
    const loss = losses.length > 0 ? `, loss ${losses[0]?.toFixed(2)} -> ${losses.at(-1)?.toFixed(2)}` : "";
    return `${this.preset}, seed ${recipe.seed}: k-NN / linear ${share(knn)} / ${share(linear)}${found}${loss}, spread ${share(spread)}`;
  }
}
