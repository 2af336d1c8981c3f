import { channelTensors, type ImageSet } from "../../data/images.ts";
import { compile, type Tensor } from "../../mod.ts";
import { adaptiveAvgPool2d } from "../../vision.ts";
import type { Encoder } from "../encoder-file.ts";
import { kindOf } from "../encoders/kinds.ts";
import { type Embeddings, embed } from "../evaluate/embeddings.ts";
import { shrunkImages } from "./prepare.ts";
import { plainScattering } from "./scattering-baseline.ts";

/** A way to represent images that results are compared for. */
export type WayName = "pixels" | "scattering" | "untrained" | "trained";

export interface Way {
  readonly name: WayName;
  represent(images: ImageSet): Promise<Embeddings>;
  /** What a linear classifier sees, where that is something else. */
  readonly probe?: (images: ImageSet) => Promise<Embeddings>;
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

  constructor(untrained: Encoder | null, trained: Encoder) {
    const { description } = trained;
    const kind = kindOf(description);
    const { mean, std } = channelTensors(description.statistics);
    this.own.push(mean, std);
    const normalised = (batch: Tensor) => batch.sub(mean).div(std);
    const pixels = this.compile(normalised, "pixels");
    const pool = this.compile((features: Tensor) => adaptiveAvgPool2d(features, POOLED), "pool");
    const scatter = this.compile((batch: Tensor) => {
      const images = normalised(batch);
      return kind.fixed?.(trained.model, images) ?? plainScattering(images);
    }, "scatter");
    const onFeatures = (f: (features: Tensor) => Tensor) => (images: ImageSet) =>
      this.fromFeatures(images, scatter, f);
    /** With an encoder: from the scattering, which is worked out once, or from the images. */
    const by = (name: string, f: (model: object, x: Tensor) => Tensor) => {
      const compiled = this.compile(
        (model: object, x: Tensor) => f(model, kind.fixed ? x : normalised(x)),
        name,
      );
      return ({ model }: Encoder) =>
        kind.fixed
          ? onFeatures((features) => compiled(model, features))
          : (images: ImageSet) => embed(images, (batch) => compiled(model, batch));
    };
    const represent = by("represent", (model, x) => kind.represent(model, x));
    const probe = kind.probe ? by("probe", (model, x) => kind.probe?.(model, x) as Tensor) : null;
    const encoder = (name: WayName, of: Encoder): Way => ({
      name,
      represent: represent(of),
      ...(probe && { probe: probe(of) }),
    });
    this.all = [
      { name: "pixels", represent: (images) => embed(shrunkImages(images, PIXELS_SIDE), pixels) },
      { name: "scattering", represent: onFeatures(pool) },
      ...(untrained ? [encoder("untrained", untrained)] : []),
      encoder("trained", trained),
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
