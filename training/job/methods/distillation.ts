import {
  dinoRecipe,
  type MultiCropRecipe,
  type Probability,
  type ViewRecipe,
} from "../../../data/augment/recipe.ts";
import type { ChannelStatistics } from "../../../data/images.ts";
import type { ImageForm } from "../../encoders/kind.ts";
import type { SelfDistillationOptions, SelfDistillationState } from "../../methods/self-distillation.ts";
import type { CropRecipe, DistillationRecipe } from "../recipe.ts";

// What the recipes of DINO, SelfPatch and EsViT have in common.

export function distillationOptions(
  recipe: DistillationRecipe,
  images: ImageForm,
  statistics: ChannelStatistics,
): SelfDistillationOptions {
  const { rate, finalRate, weightDecay, momentum, clip, crops, views, recompute, start } = recipe;
  const [large, small] = cropSizes(crops, images);
  return {
    ...{ statistics, rate, finalRate, weightDecay, momentum, clip, recompute, start },
    ...shortened(recipe),
    views: { recipe: cropViews(crops, views), globalSize: large, localSize: small },
  };
}

/** Phases at the beginning of a run, as parts of it where it is short: the papers' runs have 100 epochs and more. */
export function shortened({ epochs, warmup, freeze, teacherTemperature }: DistillationRecipe) {
  return {
    warmupEpochs: Math.min(warmup, epochs / 10),
    freezeEpochs: Math.min(freeze, epochs / 100),
    teacherTemperature: {
      ...teacherTemperature,
      epochs: Math.min(teacherTemperature.epochs, Math.round(epochs * 0.3)),
    },
  };
}

/** Rows and columns of large and of small crops. */
export function cropSizes({ large, small }: CropRecipe, { height, width }: ImageForm) {
  const size: readonly [number, number] = large === null ? [height, width] : [large, large];
  const part = size.map((side) => Math.round((side * 3) / 7)) as [number, number];
  return [size, small === null ? part : ([small, small] as const)] as const;
}

/** Side of the square images that positions and windows are laid out for. */
export const layoutSide = ({ crops }: DistillationRecipe, images: ImageForm): number =>
  Math.min(...cropSizes(crops, images)[0]);

function cropViews({ count, largeArea, smallArea }: CropRecipe, views: DistillationRecipe["views"]) {
  const recipe = dinoRecipe({ locals: count, globalArea: largeArea, localArea: smallArea });
  if (views === "paper") return recipe;
  const { globals, locals } = recipe;
  return {
    globals: { ...globals, recipe: mild(globals.recipe) },
    locals: { ...locals, recipe: mild(locals.recipe) },
  } satisfies MultiCropRecipe;
}

/** As many as there are crops. */
export function cropsShown({ crops, views }: DistillationRecipe): readonly ViewRecipe[] {
  const { globals, locals } = cropViews(crops, views);
  const each = ({ count, recipe }: MultiCropRecipe["globals"]) =>
    Array.from({ length: count }, (_, i) => ofView(recipe, i));
  return [...each(globals), ...each(locals)];
}

/** The recipe of one of the views that are made together. */
function ofView({ blur, solarise, ...rest }: ViewRecipe, view: number): ViewRecipe {
  const own = (p: Probability): number => (typeof p === "number" ? p : (p[view] ?? 0));
  return {
    ...rest,
    ...(blur && { blur: { ...blur, probability: own(blur.probability) } }),
    ...(solarise && { solarise: own(solarise) }),
  };
}

/**
 * Without blur, which leaves little of an image of 32 pixels, without inverted halves, and with weaker changes of colour:
 * a short run has no time to learn much else than what is left of the colours.
 */
const mild = ({ blur: _, solarise: __, crop, jitter, ...rest }: ViewRecipe): ViewRecipe => ({
  ...rest,
  crop: { ...crop, filter: "linear" },
  jitter: { ...jitter, brightness: 0.3, contrast: 0.3, saturation: 0.15, hue: 0.05 },
  grey: 0.1,
});

export const studentOf = <N>({ student }: SelfDistillationState<N>): N => student;

export function cropWords({ crops, head }: DistillationRecipe, images: ImageForm): string {
  const [large, small] = cropSizes(crops, images).map((size) => [...new Set(size)].join("x"));
  const locals = crops.count === 0 ? "" : ` and ${crops.count} of ${small}`;
  return `head ${head.hidden}-${head.bottleneck}-${head.out}, crops: 2 of ${large}${locals}`;
}

/** Why crops do not fall into patches. */
export function cropProblem(
  { crops }: DistillationRecipe,
  images: ImageForm,
  { patch, least = 1 }: { patch: number; least?: number },
): string | null {
  const [large, small] = cropSizes(crops, images);
  const need = patch * least;
  if (Math.min(...large) < need) {
    const flag = crops.large === null ? "--size" : "--view";
    return `crops of ${large.join(" x ")} are too small for patches of ${patch}: give ${flag} ${need}`;
  }
  if (crops.count > 0 && Math.min(...small) < need) {
    return `small crops of ${small.join(" x ")} are too small for patches of ${patch}: give --small ${need} or --locals 0`;
  }
  return null;
}
