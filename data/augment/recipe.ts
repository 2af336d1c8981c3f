import type { FilterName } from "./filters.ts";

/** A probability, or one for each of as many equal parts of a batch. */
export type Probability = number | readonly number[];

/** How views of an image are made; ranges are drawn from evenly. */
export interface ViewRecipe {
  readonly crop: {
    /** Part of the image that a view shows. */
    readonly area: readonly [min: number, max: number];
    /** Width over height; even in its logarithm. */
    readonly ratio: readonly [min: number, max: number];
    /**
     * How the part is resized: "linear" between the nearest pixels (the default), or with a filter of Pillow, which
     * smooths when it shrinks.
     */
    readonly filter?: "linear" | FilterName;
    /** What is shown when no drawn part fits: the "whole" image (the default), or its "centre" in an allowed shape. */
    readonly fallback?: "whole" | "centre";
  };
  /** Probability of a left-right flip. */
  readonly flip: number;
  /** Factors are drawn from 1 - x to 1 + x, the hue's shift from -x to x turns; for colour images alone the last two. */
  readonly jitter: {
    readonly probability: number;
    readonly brightness: number;
    readonly contrast: number;
    readonly saturation: number;
    readonly hue: number;
    /** In which order they are applied: as listed (the default), or each view in a "random" one. */
    readonly order?: "listed" | "random";
  };
  /** Probability that a colour image loses its colours. */
  readonly grey: number;
  readonly blur?: {
    readonly probability: Probability;
    /** Standard deviation in pixels. */
    readonly sigma: readonly [min: number, max: number];
    /**
     * "gaussian": as OpenCV does, with a kernel that is cut at `reach` of the view's height; "boxes": as Pillow does,
     * by three boxes (in exact mode; else a Gaussian whose kernel is cut at three deviations).
     */
    readonly kind: "gaussian" | "boxes";
    /** Half the kernel's length over the view's height. */
    readonly reach?: number;
  };
  /** Probability that the bright half of the scale is inverted. */
  readonly solarise?: Probability;
  /** Round to 8 bits after each operation, as Pillow and OpenCV do. */
  readonly exact?: boolean;
}

/** The views of the reference runs on small images. */
export const defaultRecipe: ViewRecipe = {
  crop: { area: [0.2, 1], ratio: [3 / 4, 4 / 3] },
  flip: 0.5,
  jitter: { probability: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 },
  grey: 0.2,
};

/**
 * The views of ScatSimCLR's published code.
 *
 * Source: data/augment/recipe.ts. Paper: Kinakh, Taran and Voloshynovskiy 2021.
 */
export const scatSimClrRecipe: ViewRecipe = {
  crop: { area: [0.08, 1], ratio: [3 / 4, 4 / 3], filter: "lanczos", fallback: "centre" },
  flip: 0.5,
  jitter: { probability: 0.8, brightness: 0.8, contrast: 0.8, saturation: 0.8, hue: 0.2, order: "random" },
  grey: 0.2,
  blur: { probability: 0.5, sigma: [0.1, 2], kind: "gaussian", reach: 0.05 },
};

/** Several views of each image: few that show most of it, and many small ones of parts. */
export interface MultiCropRecipe {
  readonly globals: { readonly count: number; readonly recipe: ViewRecipe };
  readonly locals: { readonly count: number; readonly recipe: ViewRecipe };
}

/**
 * The views of DINO and of EsViT: two global ones, of which the first is always blurred and the second may be
 * solarised, and local ones.
 *
 * @param options.locals How many. Default 8.
 * @param options.globalArea, options.localArea Part of the image that a view shows. SelfPatch has [0.25, 1] and
 *   [0.05, 0.25]. Default [0.4, 1] and [0.05, 0.4].
 *
 * Source: data/augment/recipe.ts. Paper: Caron et al. 2021, with the strengths of its code.
 */
export function dinoRecipe(
  options: {
    locals?: number;
    globalArea?: readonly [number, number];
    localArea?: readonly [number, number];
    exact?: boolean;
  } = {},
): MultiCropRecipe {
  const { locals = 8, globalArea = [0.4, 1], localArea = [0.05, 0.4], exact = false } = options;
  const recipe = (
    area: readonly [number, number],
    blur: Probability,
    solarise?: Probability,
  ): ViewRecipe => ({
    crop: { area, ratio: [3 / 4, 4 / 3], filter: "bicubic", fallback: "centre" },
    flip: 0.5,
    jitter: { probability: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1, order: "random" },
    grey: 0.2,
    blur: { probability: blur, sigma: [0.1, 2], kind: "boxes" },
    ...(solarise && { solarise }),
    exact,
  });
  return {
    globals: { count: 2, recipe: recipe(globalArea, [1, 0.1], [0, 0.2]) },
    locals: { count: locals, recipe: recipe(localArea, 0.5) },
  };
}

/** Parts of red, green and blue in what the eye takes for brightness (ITU-R 601). */
export const luminance = [0.299, 0.587, 0.114] as const;
