import { floorDivide, maximum, minimum, remainder, type Tensor, tensor, trunc, where } from "../../mod.ts";
import type { ViewDraws } from "./draws.ts";
import { luminance } from "./recipe.ts";
import { continuous, type Scale } from "./scale.ts";

const perImage = (x: Tensor): Tensor => x.reshape([-1, 1, 1, 1]);

/**
 * Whether the channels are red, green and blue, so that there is hue, saturation and grey. Of any other number each is
 * an image of its own, changed as a grey one is.
 */
const isColour = (images: Tensor): boolean => images.shape[1] === 3;

/**
 * Brightness, contrast, saturation and hue in the drawn order, each with its drawn strength and held within black and
 * white, then grey, for the images that were drawn for it. Images `[B, C, H, W]`; with another number of channels than 3
 * brightness and contrast only, channel by channel.
 */
export function changeColours(images: Tensor, draws: ViewDraws, scale: Scale = continuous): Tensor {
  const changed = draws.order
    ? jitterInOrder(images, draws.order, draws, scale)
    : jitterAsListed(images, draws, scale);
  const jittered = where(perImage(draws.jitter), changed, images);
  return isColour(images) ? where(perImage(draws.grey), luma(jittered, scale), jittered) : jittered;
}

function jitterAsListed(images: Tensor, draws: ViewDraws, scale: Scale): Tensor {
  const bright = blend(images, 0, draws.brightness, scale);
  const contrasted = blend(bright, meanGrey(luma(bright, scale), scale), draws.contrast, scale);
  if (!isColour(images)) return contrasted;
  return hue(blend(contrasted, luma(contrasted, scale), draws.saturation, scale), draws.hue, scale);
}

/** Numbers of the four changes in an order; they are listed by `ViewDraws`. */
const [BRIGHTNESS, CONTRAST, SATURATION, HUE] = [0, 1, 2, 3];

/** As many places as an order has, each of which is one of the four changes for each image. */
function jitterInOrder(images: Tensor, order: Tensor, draws: ViewDraws, scale: Scale): Tensor {
  return order.unstack({ axis: 1 }).reduce((before, place) => {
    const which = perImage(place);
    const grey = luma(before, scale);
    // Three of the four are one blend; what differs is where to, and how far.
    const middle = where(which.equal(CONTRAST), meanGrey(grey, scale), grey);
    const pivot = where(which.equal(BRIGHTNESS), 0, middle);
    const more = where(place.equal(CONTRAST), draws.contrast, draws.saturation);
    const strength = where(place.equal(BRIGHTNESS), draws.brightness, more);
    const blended = blend(before, pivot, strength, scale);
    if (!isColour(before)) return where(which.less(SATURATION), blended, before);
    return where(which.equal(HUE), hue(before, draws.hue, scale), blended);
  }, images);
}

/** Red, green and blue, `[B, 1, H, W]` each. */
const planesOf = (images: Tensor) =>
  [0, 1, 2].map((c) => images.slice(null, [c, c + 1])) as [Tensor, Tensor, Tensor];

/** What the eye takes for brightness, `[B, 1, H, W]`, or the channels themselves where they are no colours; whole numbers by Pillow's 16-bit weights. */
function luma(images: Tensor, { whole, cut }: Scale): Tensor {
  if (!isColour(images)) return images;
  const [r, g, b] = planesOf(images);
  if (!whole) return r.mul(luminance[0]).add(g.mul(luminance[1])).add(b.mul(luminance[2]));
  // All of it stays below 2^24, so that f32 is exact.
  const sum = r.mul(19595).add(g.mul(38470)).add(b.mul(7471)).add(32768);
  return cut(sum.mul(1 / 65536));
}

const meanGrey = (grey: Tensor, { nearest }: Scale): Tensor =>
  nearest(grey.mean({ axis: [2, 3], keepDims: true }));

/** Away from `pivot`, or towards it; `factor` is `[B]`. */
function blend(images: Tensor, pivot: Tensor | 0, factor: Tensor, { clamp, cut }: Scale): Tensor {
  const strength = perImage(factor);
  if (pivot === 0) return cut(clamp(images.mul(strength)));
  return cut(clamp(images.sub(pivot).mul(strength).add(pivot)));
}

/** For red, green and blue; each sees the circle of hues from a place of its own. */
const perColour = (values: readonly number[], dtype: "f32" | "i32"): Tensor =>
  tensor([...values], { dtype }).reshape([3, 1, 1]);

/** Turns the hue by `turns[B]` and keeps value and saturation. */
function hue(images: Tensor, turns: Tensor, { whole, clamp }: Scale): Tensor {
  if (whole) return hueOfBytes(images, turns);
  const [r, g, b] = planesOf(images);
  const value = maximum(maximum(r, g), b);
  const chroma = value.sub(minimum(minimum(r, g), b));
  const unit = where(chroma.greater(0), chroma, 1);
  // In sixths of a turn from red.
  const sixths = where(
    value.equal(r),
    g.sub(b).div(unit),
    where(value.equal(g), b.sub(r).div(unit).add(2), r.sub(g).div(unit).add(4)),
  );
  const turned = sixths.add(perImage(turns).mul(6));
  const k = remainder(turned.add(perColour([5, 3, 1], "f32")), 6);
  return clamp(value.sub(chroma.mul(minimum(k, k.neg().add(4)).clip({ min: 0, max: 1 }))));
}

/**
 * By way of hue, saturation and value of 8 bits each, as Pillow does it. In whole numbers, so that every device agrees;
 * Pillow's own floats now and then fall just below one, which makes a hue or saturation smaller by 1 than here.
 */
function hueOfBytes(images: Tensor, turns: Tensor): Tensor {
  const [r, g, b] = planesOf(images.cast("i32"));
  const value = maximum(maximum(r, g), b);
  const chroma = value.sub(minimum(minimum(r, g), b));
  const unit = maximum(chroma, 1);
  const sixths = where(
    value.equal(r),
    where(g.less(b), g.sub(b).add(unit.mul(6)), g.sub(b)),
    where(value.equal(g), b.sub(r).add(unit.mul(2)), r.sub(g).add(unit.mul(4))),
  );
  const before = floorDivide(sixths.mul(255), unit.mul(6));
  const turned = remainder(before.add(trunc(perImage(turns).mul(255)).cast("i32")), 256);
  const saturation = floorDivide(chroma.mul(255), maximum(value, 1));
  const sector = floorDivide(turned.mul(6), 255); // 0 to 6, which is 0 again
  const rest = turned.mul(6).sub(sector.mul(255));
  // Red stays at the value in the sectors 5 and 0, falls in 1, is lowest in 2 and 3, rises in 4.
  const place = remainder(sector.add(perColour([0, 4, 2], "i32")), 6);
  const fallen = where(place.equal(1), rest, where(place.equal(4), rest.neg().add(255), 255));
  // value * (1 - saturation * fallen), rounded; both in 255ths.
  const left = saturation
    .mul(fallen)
    .neg()
    .add(255 * 255);
  const lower = floorDivide(
    value
      .mul(left)
      .mul(2)
      .add(255 * 255),
    2 * 255 * 255,
  );
  const stays = place.equal(0).logicalOr(place.equal(5));
  return where(stays, value, lower).cast("f32");
}
