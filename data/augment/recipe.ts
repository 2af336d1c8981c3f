/** How views of an image are made; ranges are drawn from evenly. */
export interface ViewRecipe {
  readonly crop: {
    /** Part of the image that a view shows. */
    readonly area: readonly [min: number, max: number];
    /** Width over height; even in its logarithm. */
    readonly ratio: readonly [min: number, max: number];
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
  };
  /** Probability that a colour image loses its colours. */
  readonly grey: number;
}

/** The views of the reference runs on small images. */
export const defaultRecipe: ViewRecipe = {
  crop: { area: [0.2, 1], ratio: [3 / 4, 4 / 3] },
  flip: 0.5,
  jitter: { probability: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 },
  grey: 0.2,
};

/** Parts of red, green and blue in what the eye takes for brightness (ITU-R 601). */
export const luminance = [0.299, 0.587, 0.114] as const;
