import type { ImageSet } from "../../data/images.ts";
import type { Tensor } from "../../mod.ts";
import { saveWeights } from "../../models/nn/weights.ts";
import { filterPictures } from "../../models/scattering/filter-pictures.ts";
import type { Encoder } from "../encoder-file.ts";
import type { ReportPictures } from "../report/data.ts";
import { levels } from "../report/sheet.ts";

const SHOWN_KERNELS = 64;

/** What an encoder sees images through: its wavelets, if it has some, and its first learned layer. */
export async function filtersShown({ model, description }: Encoder): Promise<ReportPictures[]> {
  const weights = saveWeights(model);
  if (description.method === "ScatSimCLR") {
    const kernels = weights["_adapter_network.0.weight"];
    return [...wavelets(description.scattering), ...(kernels ? [await weighing(kernels)] : [])];
  }
  const first = Object.entries(weights).find(([name]) =>
    /(^|\.)(patch_embed\.proj|conv1)\.weight$/.test(name),
  );
  return first ? await colourKernels(first[1]) : [];
}

/** The fixed filters that everything is seen through. */
function wavelets({ J, L }: { J: number; L: number }): ReportPictures[] {
  const side = 4 * 2 ** J; // the widest wavelet and little around it
  const { filters } = filterPictures({ J, L, size: [side, side] });
  const shown = filters.filter(({ scale }) => scale !== null);
  const set = (kind: "space" | "frequency"): ImageSet => ({
    ...{ count: shown.length, height: side, width: side, channels: 3 },
    data: Uint8Array.from(shown.flatMap((filter) => [...filter[kind].data].filter((_, i) => i % 4 !== 3))),
  });
  const words = `${J} scales by ${L} angles`;
  return [
    { title: `Wavelets of the scattering transform, ${words}, in space`, images: set("space"), columns: L },
    { title: "The same, in frequency", images: set("frequency"), columns: L },
  ];
}

/** The first learned layer behind a scattering: the energy of each of its kernels in each of the channels. */
async function weighing(weight: Tensor): Promise<ReportPictures> {
  const [count = 0, channels = 0, height = 0, width = 0] = weight.shape;
  const values = await weight.data();
  const shown = Math.min(count, SHOWN_KERNELS);
  const area = height * width;
  const energy = Float32Array.from({ length: shown * channels }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < area; k++) sum += (values[i * area + k] as number) ** 2;
    return Math.sqrt(sum);
  });
  const data = levels(energy);
  return {
    title: `First learned layer: how strongly each of ${shown} kernels (rows) weighs each of the ${channels} scattering channels`,
    images: { count: 1, height: shown, width: channels, channels: 1, data },
    columns: 1,
  };
}

/** A first layer that sees the image itself, `f32[N, C, h, w]`: its kernels as pictures, each on a scale of its own. */
async function colourKernels(weight: Tensor): Promise<ReportPictures[]> {
  const [count = 0, channels = 0, height = 0, width = 0] = weight.shape;
  const values = await weight.data();
  const shown = Math.min(count, SHOWN_KERNELS);
  const size = channels * height * width;
  const part =
    channels === 1 || channels === 3
      ? ""
      : `, as their ${channels === 2 ? "first channel" : "first three channels"}`;
  const data = new Uint8Array(shown * size);
  for (let n = 0; n < shown; n++) {
    const kernel = Array.from({ length: size }, (_, i) => values[n * size + i] as number);
    const [low, high] = [Math.min(...kernel), Math.max(...kernel)];
    for (let i = 0; i < size; i++) {
      // From channel by channel to pixel by pixel.
      const [channel, pixel] = [i % channels, Math.floor(i / channels)];
      const value = kernel[channel * height * width + pixel] as number;
      data[n * size + i] = Math.round((255 * (value - low)) / Math.max(high - low, 1e-12));
    }
  }
  return [
    {
      title: `First learned layer: ${shown} of its ${count} kernels${part}`,
      images: { count: shown, height, width, channels, data },
      columns: 16,
    },
  ];
}
