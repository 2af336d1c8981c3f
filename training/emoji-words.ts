import { treeLeaves } from "../mod.ts";
import { isTrainable } from "../models/nn/module.ts";
import type { EmojiEvent, EmojiRecipe, EmojiScore } from "./emoji-run.ts";
import type { StepEvent } from "./run/events.ts";

// What the terminal and the page say about a run.

export const scoreNames: Readonly<Record<EmojiScore["name"], string>> = {
  pixels: "raw pixels",
  scattering: "scattering alone",
  untrained: "encoder before training",
  trained: "encoder after training",
};

export const question = "Held-out emoji: is the nearest Noto drawing of a Twemoji drawing the same emoji?";

/** What the run starts from, a line each. */
export function describeData({ train, heldOut }: EmojiEvent & { type: "data" }): string {
  return `${grouped(train)} drawings to learn from, ${heldOut} emoji held out; no labels are used`;
}

export function describeModel(
  recipe: EmojiRecipe,
  { state, epochs, stepsPerEpoch }: EmojiEvent & { type: "start" },
): string[] {
  const { angles, adapter, hidden, out, batch } = recipe;
  const learned = treeLeaves(state.model).filter(({ path }) => isTrainable(path));
  const parameters = learned.reduce((sum, { value }) => sum + value.size, 0);
  const stages = adapter.stages.map(({ width, blocks }) => `${width}x${blocks}`).join(", ") || "none";
  return [
    `ScatSimCLR: scattering J=2 L=${angles}, convolution ${adapter.stem}, blocks ${stages}, head ${hidden}-${out}, ${grouped(parameters)} parameters`,
    `${epochs} epochs of ${stepsPerEpoch} steps of ${batch} drawings`,
  ];
}

export function describeStep(recipe: EmojiRecipe, event: StepEvent): string {
  return [
    `epoch ${event.epoch}/${recipe.epochs}`,
    `step ${event.step}/${event.steps}`,
    `loss ${event.loss.toFixed(3)}`,
    `${event.imagesPerSecond.toFixed(0)} drawings/s`,
    `${clock(event.secondsLeft)} left`,
  ].join("  ");
}

/** The scores as a table of texts, the head first. */
export function scoreTable(scores: readonly EmojiScore[]): string[][] {
  const probes = scores.some(({ knn }) => knn !== undefined);
  const percent = (share = 0) => `${(share * 100).toFixed(1)} %`;
  return [
    ["", "nearest", "of five", "spread", ...(probes ? ["k-NN", "linear"] : [])],
    ...scores.map(({ name, first, amongFive, spread, knn, linear }) => [
      scoreNames[name],
      percent(first),
      percent(amongFive),
      spread.toFixed(2),
      ...(probes ? [percent(knn), percent(linear)] : []),
    ]),
  ];
}

/** What the numbers say, also where they flatter nobody. */
export function verdict(scores: readonly EmojiScore[]): string {
  const of = (name: EmojiScore["name"]) => scores.find((score) => score.name === name)?.first ?? 0;
  const points = (of("trained") - of("untrained")) * 100;
  const change =
    Math.abs(points) < 0.05
      ? "Training changed nothing"
      : `Training ${points > 0 ? "gained" : "lost"} ${Math.abs(points).toFixed(1)} points`;
  const beaten = (["pixels", "scattering"] as const).filter((name) => of("trained") > of(name));
  const versus =
    beaten.length === 2
      ? "the trained encoder beats raw pixels and scattering alone"
      : beaten.length === 1
        ? `the trained encoder beats ${scoreNames[beaten[0] as EmojiScore["name"]]} only`
        : "neither raw pixels nor scattering alone are beaten";
  return `${change}; ${versus}.`;
}

/** Minutes and seconds. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
