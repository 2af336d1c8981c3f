import { treeLeaves } from "../../mod.ts";
import { isTrainable } from "../../models/nn/module.ts";
import type { ImageForm } from "../encoders/kind.ts";
import type { Monitors } from "../monitors/monitors.ts";
import type { StepEvent } from "../run/events.ts";
import type { Score } from "./measure.ts";
import { learnedIn, modelWords } from "./method-of.ts";
import type { Recipe } from "./recipe.ts";
import type { WayName } from "./ways.ts";
import type { Whitened } from "./whitened.ts";

// What the terminal, the page and the report say about a run.

export const wayNames: Readonly<Record<WayName, string>> = {
  pixels: "raw pixels",
  scattering: "scattering alone",
  untrained: "encoder before training",
  trained: "encoder after training",
};

/** Sides of images, and what is not usual about their channels. */
export function sizeWords({ height, width, channels }: ImageForm): string {
  const kind = channels === 1 ? ", grey" : channels === 3 ? "" : `, ${channels} channels`;
  return `${height} x ${width}${kind}`;
}

/** The model in a line. */
export function describeModel(recipe: Recipe, images: ImageForm, state: unknown): string {
  const learned = treeLeaves(learnedIn(recipe, state)).filter(({ path }) => isTrainable(path));
  const parameters = learned.reduce((sum, { value }) => sum + value.size, 0);
  return `${modelWords(recipe, images)}, ${grouped(parameters)} parameters`;
}

export function describeStep(epochs: number, event: StepEvent, monitors: Monitors | null): string {
  const { spread, effectiveRank } = monitors ?? {};
  return [
    `epoch ${event.epoch}/${epochs}`,
    `step ${event.step}/${event.steps}`,
    `loss ${event.loss.toFixed(3)}`,
    ...(spread === null || spread === undefined ? [] : [`spread ${spread.toFixed(2)}`]),
    ...(effectiveRank === null || effectiveRank === undefined ? [] : [`rank ${effectiveRank.toFixed(0)}`]),
    `${event.imagesPerSecond.toFixed(0)} images/s`,
    `${clock(event.secondsLeft)} left`,
  ].join("  ");
}

/** A column of the results. */
interface Column {
  readonly head: string;
  /** What its bars are called. */
  readonly title: string;
  read(score: Pick<Score, "pairs" | "views" | "knn" | "linear">): number | null | undefined;
}

const columns: readonly Column[] = [
  { head: "nearest", title: "nearest of a pair", read: ({ pairs }) => pairs?.first },
  { head: "of five", title: "pair among the nearest five", read: ({ pairs }) => pairs?.amongFive },
  { head: "view", title: "other view is the nearest", read: ({ views }) => views?.first },
  { head: "of five", title: "other view among the nearest five", read: ({ views }) => views?.amongFive },
  { head: "k-NN", title: "k-NN accuracy", read: ({ knn }) => knn },
  { head: "linear", title: "accuracy of a linear probe", read: ({ linear }) => linear },
];

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const measuredColumns = (scores: readonly Score[]): Column[] =>
  columns.filter(({ read }) => scores.some((score) => typeof read(score) === "number"));

/** The scores as a table of texts, the head first. */
export function scoreTable(scores: readonly Score[]): string[][] {
  const used = measuredColumns(scores);
  return [
    ["", ...used.map(({ head }) => head), "spread"],
    ...scores.flatMap((score) => [
      ...(score.whitened ? [whitenedRow(score.whitened, used)] : []),
      [wayNames[score.way], ...used.map(({ read }) => percent(read(score) ?? 0)), score.spread.toFixed(2)],
    ]),
  ];
}

/** It stands above the row that it belongs to, since the last row is the result. */
function whitenedRow({ pairs, knn }: Whitened, used: readonly Column[]): string[] {
  const cells = used.map(({ read }) => read({ pairs, knn, views: null, linear: null }) ?? null);
  return ["after training, whitened", ...cells.map((cell) => (cell === null ? "" : percent(cell))), ""];
}

/** The first column of the results that has bars in a report. */
export function mainColumn(scores: readonly Score[]): { column: number; title: string } | null {
  const [main] = measuredColumns(scores);
  return main ? { column: 1, title: main.title } : null;
}

/** What whoever reads the scores must know first: what was asked of pairs, and that the images are known ones if they are. */
export const aboutScores = (question: string | null, heldOut: boolean): string[] => [
  ...(question ? [question] : []),
  ...(heldOut ? [] : ["No images were held out: these are measured on images that were trained on."]),
];

/** What the columns are, for a report. */
export function scoreLegend(scores: readonly Score[], question: string | null): string[] {
  const some = (read: (score: Score) => unknown) => scores.some((score) => (read(score) ?? null) !== null);
  return [
    ...(question && some(({ pairs }) => pairs) ? [`nearest, of five: ${question}`] : []),
    ...(some(({ views }) => views)
      ? [
          "view, of five: two random views of each image; is the other view the nearest, or one of the nearest five?",
        ]
      : []),
    ...(some(({ knn }) => knn) ? ["k-NN: class by the vote of the 20 nearest training images"] : []),
    ...(some(({ linear }) => linear) ? ["linear: class by softmax regression on the numbers"] : []),
    ...(some(({ whitened }) => whitened)
      ? [
          "whitened: with all directions of the embeddings stretched to count alike, as training images have them",
        ]
      : []),
    "spread: 1 when all directions are used alike, 0 when everything has collapsed into one point",
  ];
}

/** What the numbers say, also where they flatter nobody: what training changed, and what its result is worth. */
export function verdict(scores: readonly Score[]): string {
  const measures = mainMeasures(scores).map(({ name, read }): Compared => {
    const of = (way: WayName) => read(scores.find((score) => score.way === way));
    return { name, now: of("trained") ?? 0, of };
  });
  return measures.length === 0 ? "" : [changes(measures), ...standing(measures)].join(" ");
}

interface Measure {
  /** As in "points of ...". */
  readonly name: string;
  read(score: Score | undefined): number | undefined;
}

/** A measure with what it gives. */
interface Compared {
  readonly name: string;
  /** After training. */
  readonly now: number;
  of(way: WayName): number | undefined;
}

/** The question without labels, and both with. */
function mainMeasures(scores: readonly Score[]): Measure[] {
  const all: Measure[] = [
    { name: "retrieval", read: (score) => score?.pairs?.first },
    { name: "finding views", read: (score) => score?.views?.first },
    { name: "k-NN accuracy", read: (score) => score?.knn ?? undefined },
    { name: "linear accuracy", read: (score) => score?.linear ?? undefined },
  ];
  return all.filter(({ read }) => scores.some((score) => read(score) !== undefined));
}

/** "Training gained 0.8 points of k-NN accuracy and lost 0.2 points of linear accuracy." */
function changes(measures: readonly Compared[]): string {
  const reached = measures.map(({ name, now }) => `${percent(now)} of ${name}`);
  if (measures.some(({ of }) => of("untrained") === undefined))
    return `The encoder reaches ${listed(reached)}.`;
  const told = measures.map(({ name, now, of }) => {
    const points = (now - (of("untrained") as number)) * 100;
    if (Math.abs(points) < 0.05) return `changed nothing in ${name}`;
    return `${points > 0 ? "gained" : "lost"} ${Math.abs(points).toFixed(1)} points of ${name}`;
  });
  return `Training ${listed(told)}.`;
}

/** Where the trained encoder stands among the baselines: one sentence if all measures agree, and one for each if not. */
function standing(measures: readonly Compared[]): string[] {
  const told = measures.map((measure) => ({ name: measure.name, text: versus(measure) }));
  const texts = [...new Set(told.map(({ text }) => text))];
  if (texts.length === 1) return texts[0] ? [`The trained encoder ${texts[0]}.`] : [];
  return told.map(({ name, text }) => `By ${name} the trained encoder ${text}.`);
}

function versus({ now, of }: Compared): string {
  const baselines = (["pixels", "scattering"] as const).filter((way) => of(way) !== undefined);
  const names = (beaten: boolean) =>
    baselines.filter((way) => now > (of(way) as number) === beaten).map((way) => wayNames[way]);
  const [beaten, others] = [names(true), names(false)];
  if (others.length === 0) return beaten.length === 0 ? "" : `beats ${listed(beaten)}`;
  if (beaten.length > 0) return `beats ${listed(beaten)}, but not ${listed(others)}`;
  return others.length > 1 ? `beats neither ${others.join(" nor ")}` : `does not beat ${listed(others)}`;
}

/** "a", "a and b", "a, b and c". */
const listed = (texts: readonly string[]): string =>
  texts.length < 2 ? texts.join("") : `${texts.slice(0, -1).join(", ")} and ${texts.at(-1)}`;

/** Minutes and seconds, and hours where there are some. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (x: number) => String(x).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

export const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
