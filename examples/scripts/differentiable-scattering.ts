// What does a scattering transform know of an image? Its coefficients are all that is given here; descent on an image that
// begins as noise brings back what they hold. It works because the transform has a gradient with respect to the image.
//
//   npm run example -- differentiable-scattering [steps]
import process from "node:process";
import { batchOf, fileReader, openImages } from "../../data/mod.ts";
import { clip, compile, getDevice, key, scalar, type Tensor, uniform, valueAndGrad } from "../../mod.ts";
import { scattering2d } from "../../models/mod.ts";
import { adam, cosine } from "../../training/mod.ts";

const steps = Number(process.argv[2] ?? 200);
const { train } = await openImages("emoji", { emoji: fileReader("data/emoji"), limit: 20 });
const original = batchOf(train.images, [0]).mean({ axis: 1 }); // [1, 32, 32], grey

const scattering = scattering2d({ J: 2, L: 4, shape: [32, 32] });
const wanted = scattering(original).evaluate(); // [1, 25, 8, 8]: 1600 numbers, none of which is a pixel

const start = uniform(key(0), original.shape);
const optimiser = adam();
let state = { image: start, moments: optimiser.init(start) };
const step = compile((now: typeof state, rate: Tensor) => {
  const lossOf = (image: Tensor) => scattering(image).sub(wanted).square().mean();
  const { value: loss, grads } = valueAndGrad(lossOf)(now.image);
  const moved = optimiser.step(now.image, grads, now.moments, { lr: rate });
  return { state: { image: clip(moved.params, { min: 0, max: 1 }), moments: moved.state }, loss };
});

const rate = cosine({ base: 0.05, steps });
const distance = async (image: Tensor) => image.sub(original).square().mean().sqrt().item();
console.log(`noise: ${(await distance(start)).toFixed(3)} from the original`);
for (let i = 0; i < steps; i++) {
  const { state: next, loss } = step(state, scalar(rate(i)));
  state = next;
  if ((i + 1) % 50 === 0) console.log(`step ${i + 1}: loss ${(await loss.item()).toExponential(2)}`);
}
console.log(`recovered: ${(await distance(state.image)).toFixed(3)} from the original`);

// Side by side in characters, every second row, as characters are tall.
const shades = " .:-=+*#%@";
const [left, right] = [await original.data(), await state.image.data()];
for (let y = 0; y < 32; y += 2) {
  const row = (pixels: ArrayLike<number>) =>
    Array.from({ length: 32 }, (_, x) => shades[Math.round((1 - (pixels[y * 32 + x] as number)) * 9)]).join(
      "",
    );
  console.log(`${row(left)}   ${row(right)}`);
}
(await getDevice()).destroy(); // an open device holds the program
