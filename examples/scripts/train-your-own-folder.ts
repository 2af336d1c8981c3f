// A folder of pictures in, an encoder out: what `morlet pretrain` does, in a program of your own.
//
//   npm run example -- train-your-own-folder [folder of pictures] [file of the encoder]
import { writeFile } from "node:fs/promises";
import process from "node:process";
import { fileReader, openImages } from "../../data/mod.ts";
import { getDevice } from "../../mod.ts";
import {
  descriptionOf,
  encoderIn,
  prepared,
  presets,
  runJob,
  verdict,
  writeEncoder,
} from "../../training/mod.ts";

const [folder, file = "encoder.safetensors"] = process.argv.slice(2);

// Without a folder, some of the bundled drawings. What is damaged is left out and listed.
const opened = folder
  ? await openImages(folder, { holdOut: 0.1 })
  : await openImages("emoji", { emoji: fileReader("data/emoji"), limit: 150 });
for (const { file: name, problem } of opened.train.skipped) console.log(`left out ${name}: ${problem}`);

// A preset is plain data. With few images, small batches; the longer it learns, the better.
const { quick } = presets;
const recipe = { ...quick.recipe, epochs: 2, batch: Math.min(50, opened.train.images.count) };
const data = prepared(opened, recipe);
const { images } = data.train;
console.log(`${images.count} images of ${images.height} x ${images.width} on ${(await getDevice()).name}`);

const scores = [];
for await (const event of runJob(data, recipe)) {
  if (event.type === "epoch") console.log(`epoch ${event.epoch}: loss ${event.loss.toFixed(3)}`);
  if (event.type === "warning") console.log(`note: ${event.message}`);
  if (event.type === "measured") scores.push(event.measured.score);
  if (event.type === "end") {
    const description = descriptionOf(recipe, images, { images: images.count });
    await writeFile(file, await writeEncoder(encoderIn(event.state, description)));
    console.log(`wrote ${file}`);
  }
}
console.log(verdict(scores));
(await getDevice()).destroy(); // an open device holds the program
