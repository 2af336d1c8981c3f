import type { ChannelStatistics, ImageSet } from "../../data/images.ts";
import { channelTensors } from "../../data/images.ts";
import { compile, type Tensor } from "../../mod.ts";
import type { ScatSimClr } from "../../models/scatsimclr/scatsimclr.ts";
import { adaptiveAvgPool2d } from "../../vision.ts";
import { type Embeddings, embed } from "../evaluate/embeddings.ts";
import { shrunkImages } from "./prepare.ts";

/** A way to represent images that results are compared for. */
export type WayName = "pixels" | "scattering" | "untrained" | "trained";

export interface Way {
  readonly name: WayName;
  represent(images: ImageSet): Promise<Embeddings>;
}

/** Bytes of scattering channels that are kept on the device, so that they are worked out once. */
const KEPT_BYTES = 2 ** 28;
/** Pixels are compared at most at about this size. */
const PIXELS_SIDE = 32;
const POOLED = 4;

/**
 * The encoder after training and what it is measured against: raw pixels, scattering alone (averaged to 4x4), and the
 * encoder before training.
 */
export class Ways {
  readonly all: readonly Way[];
  private readonly kept = new Map<ImageSet, Tensor[]>();
  /** What goes with this: compiled functions, and the constants that they use. */
  private readonly own: { dispose(): void }[] = [];
  private keptBytes = 0;

  constructor(statistics: ChannelStatistics, untrained: ScatSimClr | null, trained: ScatSimClr) {
    const { mean, std } = channelTensors(statistics);
    this.own.push(mean, std);
    const normalised = (batch: Tensor) => batch.sub(mean).div(std);
    const pixels = this.compile(normalised, "pixels");
    const scatter = this.compile((batch: Tensor) => trained.scatter(normalised(batch)), "scatter");
    const pool = this.compile((features: Tensor) => adaptiveAvgPool2d(features, POOLED), "pool");
    const encode = this.compile((model: ScatSimClr, features: Tensor) => model.encode(features).h, "encode");
    const onFeatures = (name: WayName, f: (features: Tensor) => Tensor): Way => ({
      name,
      represent: (images) => this.fromFeatures(images, scatter, f),
    });
    this.all = [
      { name: "pixels", represent: (images) => embed(shrunkImages(images, PIXELS_SIDE), pixels) },
      onFeatures("scattering", pool),
      ...(untrained ? [onFeatures("untrained", (features) => encode(untrained, features))] : []),
      onFeatures("trained", (features) => encode(trained, features)),
    ];
  }

  /** Lets go of what was kept for these images. */
  forget(images: ImageSet): void {
    for (const features of this.kept.get(images) ?? []) {
      this.keptBytes -= features.size * 4;
      features.dispose();
    }
    this.kept.delete(images);
  }

  dispose(): void {
    for (const images of [...this.kept.keys()]) this.forget(images);
    for (const each of this.own) each.dispose();
  }

  private async fromFeatures(
    images: ImageSet,
    scatter: (batch: Tensor) => Tensor,
    f: (features: Tensor) => Tensor,
  ): Promise<Embeddings> {
    const kept = this.kept.get(images) ?? [];
    this.kept.set(images, kept);
    let at = 0;
    return await embed(images, (batch) => {
      const place = at++;
      const known = kept[place];
      if (known) return f(known);
      const features = scatter(batch);
      const result = f(features);
      if (place === kept.length && this.keptBytes + features.size * 4 <= KEPT_BYTES) {
        this.keptBytes += features.size * 4;
        kept.push(features);
      } else features.dispose();
      return result;
    });
  }

  private compile<A extends unknown[]>(f: (...args: A) => Tensor, name: string) {
    const compiled = compile(f, { name });
    this.own.push(compiled);
    return compiled;
  }
}
