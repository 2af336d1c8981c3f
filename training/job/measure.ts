import { type ImageCollection, pickImages } from "../../data/collection.ts";
import { viewPair } from "../evaluate/cross-view.ts";
import type { Embeddings } from "../evaluate/embeddings.ts";
import { knn } from "../evaluate/knn.ts";
import { classesOf, type Labelled, labelledRows } from "../evaluate/labelled.ts";
import { linearProbe } from "../evaluate/linear-probe.ts";
import { hostRandom, shuffled } from "../evaluate/random.ts";
import { retrieval } from "../evaluate/retrieval.ts";
import { spread } from "../monitors/spread.ts";
import { emojiPairs, type Pairs } from "./pairs.ts";
import { pairRanks, type Ranks } from "./ranks.ts";
import type { Way, WayName } from "./ways.ts";
import { canBeWhitened, type Whitened, whitenedScore } from "./whitened.ts";

/** One way to represent images, and what it is worth. Shares, 0 to 1; null is what could not be measured. */
export interface Score {
  readonly way: WayName;
  /** Of the images that are measured with; see `spread`. */
  readonly spread: number;
  /** The other image of a pair is the nearest of all others, or one of the nearest five. */
  readonly pairs: Ranks | null;
  /** A second random view of an image is the nearest of all, or one of the nearest five. */
  readonly views: Ranks | null;
  /** Accuracy on the images that are measured with, from the labels of the training images. */
  readonly knn: number | null;
  readonly linear: number | null;
  /** The same of whitened embeddings, of the trained encoder alone. */
  readonly whitened: Whitened | null;
}

/** What measuring a way leaves for pictures. */
export interface Measured {
  readonly score: Score;
  /** Of the images that are measured with. */
  readonly embeddings: Embeddings;
  /** What a linear classifier sees, with labels, where there are some. */
  readonly train: Labelled | null;
  readonly test: Labelled | null;
  /** Class of each row of `test` by its nearest neighbours. */
  readonly predictions: Int32Array | null;
}

export interface MeasureOptions {
  /** Measure by views even where there are labels or pairs. Default false. */
  readonly views?: boolean;
  /** Use labels where there are some. Default true. */
  readonly labels?: boolean;
  /** Whether labels train a linear classifier, too, which takes its time without a GPU. Default true. */
  readonly linear?: boolean;
  /** Most images to compare with, and most to measure. Default 50000 and 10000. */
  readonly most?: { readonly train: number; readonly test: number };
  readonly seed?: number;
}

/** Most images that random views are made of. */
const MOST_VIEWS = 1000;

/**
 * Measures ways to represent images, all on the same: with labels by nearest neighbours and a linear classifier, with
 * pairs by retrieval, and without either by random views that should find each other.
 */
export class Measures {
  /** What is measured with: held-out images, or some of those trained on where none are held out. */
  readonly test: ImageCollection;
  /** Whether training has not seen those. */
  readonly heldOut: boolean;
  readonly pairs: Pairs | null;
  private readonly train: ImageCollection;
  private readonly labelled: boolean;
  private readonly byViews: boolean;
  private readonly linear: boolean;
  private readonly seed: number;
  private views: ReturnType<typeof viewPair> | null = null;

  constructor(train: ImageCollection, test: ImageCollection | null, options: MeasureOptions = {}) {
    const { most = { train: 50_000, test: 10_000 }, seed = 0, labels = true } = options;
    this.seed = seed;
    this.linear = options.linear ?? true;
    this.heldOut = test !== null;
    this.test = someOf(test ?? train, most.test, seed);
    this.train = someOf(train, most.train, seed);
    this.pairs = emojiPairs(this.test);
    this.labelled = labels && test !== null && hasClasses(this.train) && hasClasses(this.test);
    this.byViews = options.views ?? !(this.labelled || this.pairs);
  }

  async measure(way: Way): Promise<Measured> {
    const embeddings = await way.represent(this.test.images);
    const labelled = this.labelled ? await this.withLabels(way.represent, embeddings) : null;
    const neighbours = labelled && (await knn(labelled.train, labelled.test));
    const probed =
      labelled && way.probe ? await this.withLabels(way.probe, await way.probe(this.test.images)) : labelled;
    const score: Score = {
      way: way.name,
      spread: spread(embeddings),
      pairs: this.pairs && (await pairRanks(embeddings, this.pairs)),
      views: this.byViews ? ranks(await this.viewRetrieval(way)) : null,
      knn: neighbours?.accuracy ?? null,
      linear: probed && this.linear ? (await linearProbe(probed.train, probed.test)).accuracy : null,
      whitened: way.name === "trained" ? await this.whitened(way, embeddings, labelled) : null,
    };
    const predictions = neighbours?.predictions ?? null;
    return { score, embeddings, train: probed?.train ?? null, test: probed?.test ?? null, predictions };
  }

  private async withLabels(
    represent: Way["represent"],
    embeddings: Embeddings,
  ): Promise<{ train: Labelled; test: Labelled }> {
    const train = { embeddings: await represent(this.train.images), labels: labelsOf(this.train) };
    const test = { embeddings, labels: labelsOf(this.test) };
    return { train: knownRows(train), test: knownRows(test) };
  }

  private async whitened(
    way: Way,
    embeddings: Embeddings,
    labelled: { train: Labelled; test: Labelled } | null,
  ): Promise<Whitened | null> {
    const { pairs } = this;
    if (!(pairs || labelled) || !canBeWhitened(embeddings)) return null;
    const train = labelled?.train.embeddings ?? (await way.represent(this.train.images));
    return whitenedScore(train, embeddings, { pairs, labelled });
  }

  private async viewRetrieval(way: Way): Promise<number[]> {
    const { seed } = this;
    this.views ??= viewPair(someOf(this.test, MOST_VIEWS, seed).images, { seed });
    const [first, second] = await this.views;
    return retrieval(await way.represent(first), await way.represent(second));
  }
}

const labelsOf = ({ labels, images }: ImageCollection): ArrayLike<number> =>
  labels ?? new Int32Array(images.count).fill(-1);

/** Rows whose class is known. */
function knownRows(all: Labelled): Labelled {
  const known = Array.from({ length: all.embeddings.count }, (_, i) => i).filter(
    (i) => (all.labels[i] as number) >= 0,
  );
  return known.length === all.embeddings.count ? all : labelledRows(all, known);
}

const hasClasses = ({ labels }: ImageCollection): boolean => labels !== null && classesOf(labels) >= 2;

const ranks = ([first = 0, amongFive = 0]: readonly number[]): Ranks => ({ first, amongFive });

/** A choice of images in their own order, if there are more. */
export function someOf(collection: ImageCollection, most: number, seed: number): ImageCollection {
  const { count } = collection.images;
  if (count <= most) return collection;
  const chosen = shuffled(count, hostRandom(seed)).slice(0, most);
  return pickImages(
    collection,
    chosen.sort((a, b) => a - b),
  );
}
