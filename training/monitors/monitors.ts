import type { Embeddings } from "../evaluate/embeddings.ts";
import { alignment, contrastiveTop1, uniformity } from "./pairs.ts";
import { deadDimensions, effectiveRank } from "./spectrum.ts";
import { spread } from "./spread.ts";

/** How a representation is; null is what the method does not give. */
export interface Monitors {
  /** Images looked at, and numbers that each becomes. */
  readonly images: number;
  readonly dimensions: number | null;
  /** 0 for one point, about 1 if all directions are used alike; see `spread`. */
  readonly spread: number | null;
  /** How many directions are in use; see `effectiveRank`. */
  readonly effectiveRank: number | null;
  /** Share of the dimensions that are the same for all images; see `deadDimensions`. */
  readonly dead: number | null;
  /** Numbers of a projection, and how many of their directions are in use. */
  readonly projections: number | null;
  readonly projectionRank: number | null;
  /** Mean squared distance of two views of an image, at unit length: 0 to 4. */
  readonly alignment: number | null;
  /** See `uniformity`: 0 for one point, lower the more evenly the sphere is filled. */
  readonly uniformity: number | null;
  /** Share of views whose nearest of all others is the other view of their image. */
  readonly top1: number | null;
  /** Mean over the steps since the last look. */
  readonly gradientNorm: number | null;
}

/**
 * The monitors of embeddings on the host.
 *
 * @param h What the model makes of images as they are, if it is known.
 * @param pair What the loss sees of two views of each, if it is known.
 */
export function measure(
  images: number,
  h: Embeddings | null,
  pair: readonly [Embeddings, Embeddings] | null,
  gradientNorm: number | null,
): Monitors {
  return {
    images,
    dimensions: h?.width ?? null,
    spread: h && spread(h),
    effectiveRank: h && effectiveRank(h),
    dead: h && deadDimensions(h),
    projections: pair?.[0].width ?? null,
    projectionRank: pair && effectiveRank(pair[0]),
    alignment: pair && alignment(...pair),
    uniformity: pair && uniformity(...pair),
    top1: pair && contrastiveTop1(...pair),
    gradientNorm,
  };
}
