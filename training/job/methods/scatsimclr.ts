import { type ScatSimClrState, scatSimClr } from "../../methods/scatsimclr.ts";
import type { ScatSimClrRecipe } from "../recipe.ts";
import { contrastiveOptions, cosineRate, headWords, modelOf, viewsOf } from "./contrastive.ts";
import type { JobMethod } from "./job-method.ts";

/** Cells that the representation is pooled to. */
const CELLS = 16;

export const scatSimClrJob: JobMethod<ScatSimClrRecipe, ScatSimClrState> = {
  method: (recipe, { height, width, channels }, statistics) => {
    const { scales, angles, adapter, hidden, out } = recipe;
    return scatSimClr({
      ...contrastiveOptions(recipe, statistics),
      model: {
        scattering: { J: scales, L: angles, shape: [height, width] },
        ...{ channels, adapter, out },
        ...(hidden === null ? {} : { hidden }),
      },
    });
  },
  form: ({ scales, angles, adapter, hidden, out }) => ({
    method: "ScatSimCLR",
    scattering: { J: scales, L: angles },
    ...{ adapter, hidden, out },
  }),
  rate: cosineRate,
  views: viewsOf,
  learned: modelOf,
  words(recipe) {
    const { scales, angles, adapter } = recipe;
    const stages = adapter.stages.map(({ width, blocks }) => `${width}x${blocks}`).join(", ") || "none";
    const head = headWords(recipe, CELLS * (adapter.stages.at(-1)?.width ?? adapter.stem));
    return `ScatSimCLR: scattering J=${scales} L=${angles}, convolution ${adapter.stem}, blocks ${stages}, ${head}`;
  },
  problem({ scales, view }, { height, width }) {
    const least = 2 ** scales;
    const side = Math.min(height, width, view ?? Number.POSITIVE_INFINITY);
    if (side >= least) return null;
    const what =
      view !== null && view < Math.min(height, width) ? `views of ${view}` : `images of ${height} x ${width}`;
    return `${what} are too small for ${scales} scales, which need ${least} pixels: give fewer --scales`;
  },
};
