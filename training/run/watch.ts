import type { ImageSet } from "../../data/images.ts";
import { type Compiled, compile, foldIn, type Tensor } from "../../mod.ts";
import { type Embeddings, embed } from "../evaluate/embeddings.ts";
import type { Method } from "../method.ts";
import { type Monitors, measure } from "../monitors/monitors.ts";
import type { RunPlan } from "./run-plan.ts";

/** Images looked at unless others are given: enough for stable numbers, few enough to cost little. */
const LOOKED_AT = 256;
const AT_ONCE = 64;

/** Looks at the representation now and then. */
export class Watch<S> {
  private readonly images: ImageSet;
  private readonly plan: RunPlan;
  private readonly whole: Compiled<[S, Tensor], Tensor> | null;
  private readonly pair: Compiled<[S, Tensor, Tensor], readonly [Tensor, Tensor]> | null;

  constructor(method: Method<S>, plan: RunPlan, images: ImageSet) {
    this.plan = plan;
    this.images = images;
    const { embed, pair } = method;
    this.whole = embed
      ? compile((state: S, x: Tensor) => embed.call(method, state, x), {
          name: `${method.name}: embed`,
          donate: false,
        })
      : null;
    this.pair = pair
      ? compile((state: S, x: Tensor, key: Tensor) => pair.call(method, state, x, key), {
          name: `${method.name}: pair`,
          donate: false,
        })
      : null;
  }

  /** How the representation is after a step. */
  async look(state: S, step: number, gradientNorm: number | null): Promise<Monitors> {
    const { whole, images } = this;
    const h = whole && (await embed(images, (batch) => whole(state, batch), { batch: AT_ONCE }));
    return measure(images.count, h, await this.lookAtPairs(state, step), gradientNorm);
  }

  dispose(): void {
    this.whole?.dispose();
    this.pair?.dispose();
  }

  private async lookAtPairs(state: S, step: number): Promise<readonly [Embeddings, Embeddings] | null> {
    const { pair } = this;
    if (!pair) return null;
    const drawn = foldIn(this.plan.key("monitors"), step);
    const seconds: Promise<ArrayLike<number>>[] = [];
    let chunk = 0;
    const first = await embed(
      this.images,
      (batch) => {
        const key = foldIn(drawn, chunk++);
        const [a, b] = pair(state, batch, key);
        key.dispose();
        const read = b.data();
        seconds.push(read);
        read.then(
          () => b.dispose(),
          () => undefined,
        );
        return a;
      },
      { batch: AT_ONCE },
    );
    const values = new Float32Array(first.values.length);
    (await Promise.all(seconds)).forEach((part, i) => {
      const from = i * Math.min(AT_ONCE, first.count) * first.width;
      values.set(Array.prototype.slice.call(part, 0, values.length - from), from);
    });
    return [first, { ...first, values }];
  }
}

/** Some of a set, spread evenly over it. */
export function someOf(images: ImageSet): ImageSet {
  if (images.count <= LOOKED_AT) return images;
  const { height, width, channels, data } = images;
  const size = height * width * channels;
  const some = new Uint8Array(LOOKED_AT * size);
  for (let i = 0; i < LOOKED_AT; i++) {
    const from = Math.floor((i * images.count) / LOOKED_AT) * size;
    some.set(data.subarray(from, from + size), i * size);
  }
  return { ...images, count: LOOKED_AT, data: some };
}
