// A training run that is as small as one can be.
import type { ImageSet } from "../../data/images.ts";
import { type ScatSimClrMethod, scatSimClr } from "../../training/methods/scatsimclr.ts";
import { pretrain } from "../../training/pretrain.ts";
import type { TrainingEvent } from "../../training/run/events.ts";
import type { PretrainOptions } from "../../training/run/options.ts";

/** Coloured stripes, each image its own. */
export function stripes(count: number, size = 8): ImageSet {
  const data = new Uint8Array(count * size * size * 3);
  for (let i = 0; i < data.length; i++) {
    const image = Math.floor(i / (size * size * 3));
    const column = Math.floor(i / 3) % size;
    const row = Math.floor(i / (size * 3)) % size;
    data[i] = 128 + 120 * Math.sin((image + 1) * 0.9 * column + (i % 3) * image + row * 0.3 * (image % 5));
  }
  return { count, height: size, width: size, channels: 3, data };
}

export const tinyMethod = (): ScatSimClrMethod =>
  scatSimClr({
    model: {
      scattering: { J: 1, L: 4, shape: [8, 8] },
      adapter: { stem: 4, stages: [{ width: 4, blocks: 1 }] },
      hidden: 8,
      out: 8,
    },
    statistics: { mean: [0.5, 0.5, 0.5], std: [0.3, 0.3, 0.3] },
  });

/** The losses of a run, and its other events. */
export async function runTiny(images: ImageSet, options: PretrainOptions, method = tinyMethod()) {
  const losses: number[] = [];
  const others: TrainingEvent<unknown>["type"][] = [];
  for await (const event of pretrain(method, images, options)) {
    if (event.type === "step") losses.push(event.loss);
    else others.push(event.type);
  }
  return { losses, others };
}
