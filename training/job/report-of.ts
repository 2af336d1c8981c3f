import { type ImageCollection, type OpenedImages, pickImages } from "../../data/collection.ts";
import type { ImageSet } from "../../data/images.ts";
import type { Encoder } from "../encoder-file.ts";
import { confusion } from "../evaluate/confusion.ts";
import { viewsOf } from "../evaluate/cross-view.ts";
import { rowsOf } from "../evaluate/embeddings.ts";
import { fewLabelCurve } from "../evaluate/few-labels.ts";
import { nearest } from "../evaluate/nearest.ts";
import { hostRandom, shuffled } from "../evaluate/random.ts";
import { neighbourMap } from "../map/neighbour-map.ts";
import type { Series } from "../report/chart.ts";
import type { ReportData } from "../report/data.ts";
import { filtersShown } from "./filters-shown.ts";
import { looksShown } from "./looks-shown.ts";
import type { Measured } from "./measure.ts";
import { viewRecipes } from "./method-of.ts";
import type { Recipe } from "./recipe.ts";
import { aboutScores, mainColumn, scoreLegend, scoreTable, verdict, wayNames } from "./words.ts";

/** What a report is made from. */
export interface JobResult {
  readonly title: string;
  readonly about: readonly string[];
  readonly data: OpenedImages;
  readonly recipe: Recipe;
  readonly encoder: Encoder;
  /** In the order of the table; the trained encoder last. */
  readonly measured: readonly Measured[];
  /** What was measured with. */
  readonly images: ImageCollection;
  /** What was asked of pairs, if there are some. */
  readonly question?: string | null;
  /** Events of the run as its metrics hold them. */
  readonly metrics: readonly Readonly<Record<string, unknown>>[];
  readonly configuration: readonly (readonly [name: string, value: string])[];
}

const MAP_POINTS = 600;
const NEAR = 8;
const SHOWN_QUERIES = 10;
const SHOWN_VIEWS = 8;
const VIEWS_OF_EACH = 6;
const FEW_LABELS = [1, 2, 5, 10, 20];

/** Gathers what a report shows. */
export async function reportOf(result: JobResult): Promise<ReportData> {
  const { title, about, data, measured, images, metrics, configuration } = result;
  const scores = measured.map(({ score }) => score);
  const trained = measured.at(-1);
  return {
    ...{ title, about, configuration },
    verdict: verdict(scores),
    table: scoreTable(scores),
    bars: mainColumn(scores),
    legend: [...aboutScores(null, data.test !== null), ...scoreLegend(scores, result.question ?? null)],
    ...curves(metrics),
    ...(trained ? await neighbourhood(trained, images) : { map: null, neighbours: null }),
    views: await viewsShown(data.train, result.recipe),
    filters: await filtersShown(result.encoder),
    looks: await looksShown(result.encoder, images),
    confusion: trained ? confusionOf(trained, images) : null,
    fewLabels: await fewLabels(measured),
    damage: [...data.train.skipped, ...(data.test?.skipped ?? [])],
    notes: warningsOf(metrics),
  };
}

function warningsOf(metrics: JobResult["metrics"]): string[] {
  const warnings = metrics.filter(({ type }) => type === "warning").map(({ message }) => String(message));
  return [...new Set(warnings)];
}

/** The curves of the metrics of a run. */
export function curves(metrics: JobResult["metrics"]): Pick<ReportData, "loss" | "monitors"> {
  const points = (type: string, value: (event: Readonly<Record<string, unknown>>) => unknown) =>
    metrics
      .filter((event) => event.type === type)
      .flatMap((event): [number, number][] => {
        const y = value(event);
        return typeof y === "number" && Number.isFinite(y) ? [[Number(event.step), y]] : [];
      });
  const monitor = (title: string, name: string) => ({
    title,
    series: [
      {
        name: title,
        points: points(
          "monitors",
          ({ monitors }) => (monitors as Record<string, unknown> | undefined)?.[name],
        ),
      },
    ] satisfies Series[],
  });
  return {
    loss: [
      { name: "each step", points: points("step", ({ loss }) => loss), faint: true },
      { name: "mean of the epoch", points: points("epoch", ({ loss }) => loss) },
    ],
    monitors: [
      monitor("Spread (1: even, 0: collapsed)", "spread"),
      monitor("Effective rank", "effectiveRank"),
      monitor("Alignment (lower: nearer views)", "alignment"),
      monitor("Uniformity (lower: more even)", "uniformity"),
      monitor("Views that find each other", "top1"),
      { title: "Learning rate", series: [{ name: "rate", points: points("step", ({ rate }) => rate) }] },
    ],
  };
}

async function neighbourhood(
  { embeddings }: Measured,
  collection: ImageCollection,
): Promise<Pick<ReportData, "map" | "neighbours">> {
  const rows = someRows(collection.images.count, MAP_POINTS);
  if (rows.length < 3) return { map: null, neighbours: null };
  const shown = pickImages(collection, rows);
  const points = rowsOf(embeddings, rows);
  const found = await nearest(points, points, { k: NEAR, exceptSelf: true });
  const near = rows.map((_, i) => Array.from(found.indices.subarray(i * found.k, (i + 1) * found.k)));
  const { images, names, labels, classes } = shown;
  const queries = someRows(rows.length, SHOWN_QUERIES);
  const known = (label: number | undefined) => label !== undefined && label >= 0;
  const similarity = (query: number, n: number) => found.similarities[query * found.k + n] as number;
  return {
    map: { images, names, labels, classes, near, places: (await neighbourMap(points)).values },
    neighbours: {
      ...{ images, names },
      rows: queries.map((query) => ({
        query,
        found: (near[query] as number[]).map((index, n) => ({
          index,
          similarity: similarity(query, n),
          ...(labels ? { right: known(labels[query]) && labels[index] === labels[query] } : {}),
        })),
      })),
    },
  };
}

/** Random rows in their order, the same for a count. */
function someRows(count: number, most: number): number[] {
  const order = shuffled(count, hostRandom(count));
  return order.slice(0, most).sort((a, b) => a - b);
}

async function viewsShown(train: ImageCollection, recipe: Recipe): Promise<ReportData["views"]> {
  const { images } = pickImages(train, someRows(train.images.count, SHOWN_VIEWS));
  const kinds = viewRecipes(recipe);
  const views: ImageSet[] = [];
  for (let number = 0; number < VIEWS_OF_EACH; number++) {
    views.push(await viewsOf(images, recipe.seed, number, kinds[number % kinds.length]));
  }
  return { images, views };
}

function confusionOf({ test, predictions }: Measured, { classes }: ImageCollection): ReportData["confusion"] {
  if (!test || !predictions || !classes) return null;
  return { counts: confusion(test.labels, predictions, classes.length), classes };
}

async function fewLabels(measured: readonly Measured[]): Promise<ReportData["fewLabels"]> {
  const lines: ReportData["fewLabels"][number][] = [];
  for (const { score, train, test } of [...measured].reverse()) {
    if (!train || !test || score.linear === null || score.way === "pixels") continue;
    const perClass = FEW_LABELS.filter((count) => count <= leastOf(train.labels));
    if (perClass.length < 2) continue;
    lines.push({
      name: wayNames[score.way],
      points: await fewLabelCurve(train, test, { perClass, draws: 3 }),
    });
  }
  return lines;
}

/** Rows of the smallest class. */
function leastOf(labels: ArrayLike<number>): number {
  const counts = new Map<number, number>();
  for (let i = 0; i < labels.length; i++) {
    counts.set(labels[i] as number, (counts.get(labels[i] as number) ?? 0) + 1);
  }
  return Math.min(...counts.values());
}
