import type { Tensor } from "../../mod.ts";
import { scattering2d } from "../../models/scattering/scattering2d.ts";

/** Scales and angles where the encoder has no scattering transform of its own. */
const [SCALES, ANGLES] = [2, 4];

/** Scattering channels of images `f32[B, C, H, W]`, colour by colour: `f32[B, C * K, h, w]`. */
export function plainScattering(images: Tensor): Tensor {
  const [count = 0, channels = 0, height = 0, width = 0] = images.shape;
  const J = Math.max(1, Math.min(SCALES, Math.floor(Math.log2(Math.min(height, width)))));
  const transform = scattering2d({ J, L: ANGLES, shape: [height, width] });
  const [perColour, rows, columns] = transform.outputShape;
  return transform(images).reshape([count, channels * perColour, rows, columns]);
}
