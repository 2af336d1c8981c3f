import { maximum, minimum, remainder, stack, type Tensor, where } from "../../mod.ts";
import type { ViewDraws } from "./draws.ts";
import { luminance } from "./recipe.ts";

/** Red, green and blue of a batch, `[B, H, W]` each; a single one for grey images. */
type Planes = readonly Tensor[];

const clamp = (x: Tensor): Tensor => x.clip({ min: 0, max: 1 });
const perImage = (x: Tensor): Tensor => x.reshape([-1, 1, 1]);

/**
 * Brightness, contrast, saturation and hue in this order, each with its drawn strength and held within 0..1, then grey,
 * for the images that were drawn for it. Images `[B, C, H, W]` with 3 colours, or 1: then brightness and contrast only.
 */
export function changeColours(images: Tensor, draws: ViewDraws): Tensor {
  const planes = images.unstack({ axis: 1 });
  const brighter = planes.map((plane) => clamp(plane.mul(perImage(draws.brightness))));
  const contrasted = contrast(brighter, perImage(draws.contrast));
  const coloured =
    planes.length === 3
      ? hue(saturation(contrasted, perImage(draws.saturation)), perImage(draws.hue))
      : contrasted;
  const jitter = perImage(draws.jitter);
  const jittered = planes.map((plane, i) => where(jitter, coloured[i] as Tensor, plane));
  if (planes.length !== 3) return stack(jittered, { axis: 1 });
  const grey = luma(jittered);
  return stack(
    jittered.map((plane) => where(perImage(draws.grey), grey, plane)),
    { axis: 1 },
  );
}

function luma(planes: Planes): Tensor {
  if (planes.length === 1) return planes[0] as Tensor;
  const [r, g, b] = planes as [Tensor, Tensor, Tensor];
  return r.mul(luminance[0]).add(g.mul(luminance[1])).add(b.mul(luminance[2]));
}

/** Away from `pivot`, or towards it. */
const spread = (planes: Planes, pivot: Tensor, factor: Tensor): Tensor[] =>
  planes.map((plane) => clamp(plane.sub(pivot).mul(factor).add(pivot)));

const contrast = (planes: Planes, factor: Tensor): Tensor[] =>
  spread(planes, luma(planes).mean({ axis: [1, 2], keepDims: true }), factor);

const saturation = (planes: Planes, factor: Tensor): Tensor[] => spread(planes, luma(planes), factor);

/** Turns the hue and keeps value and saturation. */
function hue(planes: Planes, turns: Tensor): Tensor[] {
  const [r, g, b] = planes as [Tensor, Tensor, Tensor];
  const value = maximum(maximum(r, g), b);
  const chroma = value.sub(minimum(minimum(r, g), b));
  const unit = where(chroma.greater(0), chroma, 1);
  // In sixths of a turn from red.
  const sixths = where(
    value.equal(r),
    g.sub(b).div(unit),
    where(value.equal(g), b.sub(r).div(unit).add(2), r.sub(g).div(unit).add(4)),
  );
  const turned = sixths.add(turns.mul(6));
  return [5, 3, 1].map((offset) => {
    const k = remainder(turned.add(offset), 6);
    return clamp(value.sub(chroma.mul(minimum(k, k.neg().add(4)).clip({ min: 0, max: 1 }))));
  });
}
