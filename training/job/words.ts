import { treeLeaves } from "../../mod.ts";
import { isTrainable } from "../../models/nn/module.ts";
import type { ScatSimClr } from "../../models/scatsimclr/scatsimclr.ts";
import type { Monitors } from "../monitors/monitors.ts";
import type { StepEvent } from "../run/events.ts";
import type { Score } from "./measure.ts";
import type { Recipe } from "./recipe.ts";
import type { WayName } from "./ways.ts";

// What the terminal, the page and the report say about a run.

export const wayNames: Readonly<Record<WayName, string>> = {
  pixels: "raw pixels",
  scattering: "scattering alone",
  untrained: "encoder before training",
  trained: "encoder after training",
};

/** The model in a line. */
export function describeModel(recipe: Recipe, model: ScatSimClr): string {
  const { scales, angles, adapter, out } = recipe;
  const learned = treeLeaves(model).filter(({ path }) => isTrainable(path));
  const parameters = learned.reduce((sum, { value }) => sum + value.size, 0);
  const stages = adapter.stages.map(({ width, blocks }) => `${width}x${blocks}`).join(", ") || "none";
  const head = `${recipe.hidden ?? model.width}-${out}`;
  return `ScatSimCLR: scattering J=${scales} L=${angles}, convolution ${adapter.stem}, blocks ${stages}, head ${head}, ${grouped(parameters)} parameters`;
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
  read(score: Score): number | null | undefined;
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
    ...scores.map((score) => [
      wayNames[score.way],
      ...used.map(({ read }) => percent(read(score) ?? 0)),
      score.spread.toFixed(2),
    ]),
  ];
}

/** The first column of the results that has bars in a report. */
export function mainColumn(scores: readonly Score[]): { column: number; title: string } | null {
  const [main] = measuredColumns(scores);
  return main ? { column: 1, title: main.title } : null;
}

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
    "spread: 1 when all directions are used alike, 0 when everything has collapsed into one point",
  ];
}

/** What the numbers say, also where they flatter nobody. */
export function verdict(scores: readonly Score[]): string {
  const trained = scores.find(({ way }) => way === "trained");
  const sentences = mainMeasures(scores).map(({ name, read }) => {
    const of = (way: WayName) => read(scores.find((score) => score.way === way));
    const now = read(trained) ?? 0;
    return `${change(now, of("untrained"), name)}${versus(now, of)}.`;
  });
  return sentences.join(" ");
}

interface Measure {
  /** As in "points of ...". */
  readonly name: string;
  read(score: Score | undefined): number | undefined;
}

/** One sentence for each: the question without labels, and both with. */
function mainMeasures(scores: readonly Score[]): Measure[] {
  const all: Measure[] = [
    { name: " of retrieval", read: (score) => score?.pairs?.first },
    { name: " of finding views", read: (score) => score?.views?.first },
    { name: " of k-NN accuracy", read: (score) => score?.knn ?? undefined },
    { name: " of linear accuracy", read: (score) => score?.linear ?? undefined },
  ];
  return all.filter(({ read }) => scores.some((score) => read(score) !== undefined));
}

function change(now: number, before: number | undefined, name: string): string {
  if (before === undefined) return `The encoder reaches ${percent(now)}${name}`;
  const points = (now - before) * 100;
  if (Math.abs(points) < 0.05) return `Training changed nothing${name && ` in terms${name}`}`;
  return `Training ${points > 0 ? "gained" : "lost"} ${Math.abs(points).toFixed(1)} points${name}`;
}

function versus(now: number, of: (way: WayName) => number | undefined): string {
  const baselines = (["pixels", "scattering"] as const).filter((way) => of(way) !== undefined);
  const beaten = baselines.filter((way) => now > (of(way) as number));
  const others = baselines.filter((way) => !beaten.includes(way));
  const list = (ways: readonly WayName[]) => ways.map((way) => wayNames[way]).join(" and ");
  if (baselines.length === 0) return "";
  if (others.length === 0) return `; the trained encoder beats ${list(beaten)}`;
  const rest = `${list(others)} ${others.length > 1 ? "are" : "is"} not beaten`;
  return beaten.length === 0 ? `; ${rest}` : `; the trained encoder beats ${list(beaten)}, but ${rest}`;
}

/** Minutes and seconds, and hours where there are some. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (x: number) => String(x).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

export const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
