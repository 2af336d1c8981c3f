import {
  type EmojiPack,
  type EmojiVendor,
  emojiImages,
  emojiSize,
  emojiSplit,
  emojiVendors,
  loadEmoji,
} from "../data/emoji.ts";
import type { FileReader } from "../data/files.ts";
import { channelStatistics, type ImageSet, normaliseChannels } from "../data/images.ts";
import { adaptiveAvgPool2d, compile, type Tensor } from "../mod.ts";
import type { Adapter } from "../models/scatsimclr/presets.ts";
import type { ScatSimClr } from "../models/scatsimclr/scatsimclr.ts";
import { type Embeddings, embed, rowsOf } from "./evaluate/embeddings.ts";
import { knnAccuracy } from "./evaluate/knn.ts";
import { linearProbeAccuracy } from "./evaluate/linear-probe.ts";
import { retrieval } from "./evaluate/retrieval.ts";
import { type ScatSimClrMethod, type ScatSimClrState, scatSimClr } from "./methods/scatsimclr.ts";
import { spread } from "./monitors/spread.ts";
import { pretrain, startOf } from "./pretrain.ts";
import type { TrainingEvent } from "./run/events.ts";
import { cosine } from "./schedule.ts";

/** Everything that can be set about the run on the emoji drawings. */
export interface EmojiRecipe {
  readonly epochs: number;
  readonly batch: number;
  readonly seed: number;
  /** Learning rate of the first step; a cosine brings it to 0. */
  readonly rate: number;
  readonly temperature: number;
  /** Rows and columns of the views; the drawings have 32. */
  readonly view: number;
  /** Number of angles of the scattering transform, which has two scales. */
  readonly angles: number;
  readonly adapter: Adapter;
  /** Widths of the projection head. */
  readonly hidden: number;
  readonly out: number;
  /** Emoji to train on, the first of the split; both drawings of each are used. */
  readonly emoji: number;
  /** Whether labels are used to measure, too: nearest neighbours and a linear classifier. Takes its time. */
  readonly probes: boolean;
}

/** One way to represent drawings, and what it is worth on the held-out emoji. Shares, 0 to 1. */
export interface EmojiScore {
  readonly name: "pixels" | "scattering" | "untrained" | "trained";
  /** The nearest of 328 drawings by the other vendor shows the same emoji. */
  readonly first: number;
  /** One of the nearest five does. */
  readonly amongFive: number;
  /** See `spread`. */
  readonly spread: number;
  /** Of the drawing's category, where probes are on. */
  readonly knn?: number;
  readonly linear?: number;
}

export type EmojiEvent =
  | { readonly type: "data"; readonly train: number; readonly heldOut: number }
  | TrainingEvent<ScatSimClrState>
  | { readonly type: "measuring"; readonly what: EmojiScore["name"] }
  | { readonly type: "score"; readonly score: EmojiScore };

/**
 * The first run of the main job: contrastive pretraining on emoji drawings, then a test without labels. The encoder
 * sees drawings of two vendors and never learns which belong together; afterwards the nearest Noto drawing of each
 * held-out Twemoji drawing should be the same emoji. The same is measured for pixels, for scattering alone, and for the
 * encoder before training.
 *
 * @param options.read Reads the folder of `loadEmoji`.
 * @param options.signal Ends the training early; what was learned until then is measured.
 */
export async function* emojiRun(
  recipe: EmojiRecipe,
  options: { read: FileReader; signal?: AbortSignal },
): AsyncGenerator<EmojiEvent> {
  const pack = await loadEmoji(options);
  const { train, heldOut } = emojiSplit(pack);
  const images = drawings(pack, train.slice(0, recipe.emoji));
  yield { type: "data", train: images.count, heldOut: heldOut.length };

  const method = methodOf(recipe, images);
  let untrained: ScatSimClrState | undefined;
  let trained: ScatSimClrState | undefined;
  const { epochs, batch, seed, rate } = recipe;
  const steps = epochs * Math.floor(images.count / batch);
  const schedule = cosine({ base: rate, steps: Math.max(1, steps) });
  for await (const event of pretrain(method, images, { epochs, batch, seed, schedule, ...options })) {
    if (event.type === "start") untrained = event.state;
    if (event.type === "recovered") untrained = startOf(method, seed);
    if (event.type === "end") trained = event.state;
    yield event;
  }
  if (!untrained || !trained) return;
  const test = new EmojiTest(pack, train, heldOut, recipe.probes);
  const ways = representations(method, images, untrained.model, trained.model);
  for (const [name, represent] of ways) {
    yield { type: "measuring", what: name };
    yield { type: "score", score: { name, ...(await test.measure(represent)) } };
  }
}

function methodOf(recipe: EmojiRecipe, images: ImageSet): ScatSimClrMethod {
  const { angles, adapter, hidden, out, temperature, view } = recipe;
  return scatSimClr({
    model: {
      scattering: { J: 2, L: angles, shape: [emojiSize, emojiSize] },
      adapter,
      hidden,
      out,
    },
    statistics: channelStatistics(images),
    viewSize: [view, view],
    temperature,
  });
}

function drawings(pack: EmojiPack, indices: readonly number[], vendors?: readonly EmojiVendor[]): ImageSet {
  const { count, data } = emojiImages(pack, indices, { vendors: vendors ?? emojiVendors });
  return { count, height: emojiSize, width: emojiSize, channels: 3, data };
}

type Represent = (images: ImageSet) => Promise<Embeddings>;

/** What is compared; the scattering of each set of images is worked out once. */
function representations(
  method: ScatSimClrMethod,
  images: ImageSet,
  untrained: ScatSimClr,
  trained: ScatSimClr,
): (readonly [EmojiScore["name"], Represent])[] {
  const statistics = channelStatistics(images);
  const pixels = compile((batch: Tensor) => normaliseChannels(batch, statistics), { name: "pixels" });
  const scatter = compile((batch: Tensor) => method.scatter(trained, batch), { name: "scatter" });
  const pool = compile((features: Tensor) => adaptiveAvgPool2d(features, 4), { name: "pool" });
  const encode = compile((model: ScatSimClr, features: Tensor) => model.encode(features).h, {
    name: "encode",
  });
  const known = new Map<ImageSet, Tensor[]>();
  const onFeatures = (f: (features: Tensor) => Tensor): Represent => {
    return async (set) => {
      const features = known.get(set) ?? [];
      known.set(set, features);
      let at = 0;
      return embed(set, (batch) => {
        features[at] ??= scatter(batch);
        return f(features[at++] as Tensor);
      });
    };
  };
  return [
    ["pixels", (set) => embed(set, pixels)],
    ["scattering", onFeatures(pool)],
    ["untrained", onFeatures((features) => encode(untrained, features))],
    ["trained", onFeatures((features) => encode(trained, features))],
  ];
}

/** The measurements on the held-out emoji. */
class EmojiTest {
  private readonly heldOut: ImageSet;
  private readonly pairs: number;
  private readonly labels: readonly number[];
  private readonly train: { images: ImageSet; labels: readonly number[] } | null;

  constructor(pack: EmojiPack, train: readonly number[], heldOut: readonly number[], probes: boolean) {
    const labelsOf = (indices: readonly number[]) => {
      const labels = indices.map((index) => pack.labels[index] as number);
      return [...labels, ...labels]; // both vendors
    };
    this.heldOut = drawings(pack, heldOut, ["twemoji", "noto"]);
    this.pairs = heldOut.length;
    this.labels = labelsOf(heldOut);
    this.train = probes ? { images: drawings(pack, train), labels: labelsOf(train) } : null;
  }

  async measure(represent: Represent): Promise<Omit<EmojiScore, "name">> {
    const embeddings = await represent(this.heldOut);
    const range = (from: number) => Array.from({ length: this.pairs }, (_, i) => from + i);
    const [query, gallery] = [rowsOf(embeddings, range(0)), rowsOf(embeddings, range(this.pairs))];
    const [first = 0, amongFive = 0] = await retrieval(query, gallery);
    const score = { first, amongFive, spread: spread(embeddings) };
    if (!this.train) return score;
    const train = { embeddings: await represent(this.train.images), labels: this.train.labels };
    const test = { embeddings, labels: this.labels };
    return { ...score, knn: await knnAccuracy(train, test), linear: await linearProbeAccuracy(train, test) };
  }
}
