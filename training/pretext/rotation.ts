import { arange, ShapeError, stack, type Tensor, tile } from "../../mod.ts";

/**
 * Each image as it is and turned clockwise by 90, 180 and 270 degrees: `[B, C, S, S]` to `[B, 4, C, S, S]`.
 *
 * @throws {ShapeError} If the images are not square.
 *
 * Source: training/pretext/rotation.ts. Paper: Gidaris et al. 2018.
 */
export function rotations(images: Tensor): Tensor {
  const [, , rows, columns] = images.shape;
  if (images.rank !== 4 || rows !== columns) {
    throw new ShapeError("rotations", {
      problem: "images that turn must be square",
      got: { images },
      need: "[B, C, S, S]",
    });
  }
  const turned = images.transpose();
  return stack([images, turned.flip(-1), images.flip([-2, -1]), turned.flip(-2)], { axis: 1 });
}

/** The class of each rotated image, image by image: `i32[4 B]`, 0 to 3 again and again. */
export const rotationLabels = (images: number): Tensor => tile(arange(4), images);
