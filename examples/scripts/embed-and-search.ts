// Which images look like this one? An encoder makes a row of numbers of each, and near rows are alike.
//
//   npm run example -- embed-and-search [encoder file] [folder of pictures] [words in the name of the one to look for]
//
// The encoder is one that train-your-own-folder or `morlet pretrain` wrote. Without one the search goes by an encoder that
// has not learned anything, which is better than by pixels: its scattering transform is fixed.
import { readFile } from "node:fs/promises";
import process from "node:process";
import { fileReader, openImages } from "../../data/mod.ts";
import { compile, getDevice, type Tensor } from "../../mod.ts";
import {
  descriptionOf,
  embed,
  emptyModel,
  encode,
  nearest,
  presets,
  readEncoder,
} from "../../training/mod.ts";

const [file, folder, words = "smiling"] = process.argv.slice(2);

const known = file ? readEncoder(new Uint8Array(await readFile(file))) : null;
const size = known?.description.size;
const { train: gallery } = folder
  ? await openImages(folder, size ? { size } : {})
  : await openImages("emoji", { emoji: fileReader("data/emoji"), limit: 400, ...(size ? { size } : {}) });

const { count } = gallery.images;
const fresh = descriptionOf(presets.quick.recipe, gallery.images, {});
const encoder = known ?? { description: fresh, model: emptyModel(fresh) };

const rows = await embed(
  gallery.images,
  compile((images: Tensor) => encode(encoder, images)),
);
console.log(`${count} images, ${rows.width} numbers each`);

const query = Math.max(
  0,
  gallery.names.findIndex((name) => name.toLowerCase().includes(words)),
);
const { indices, similarities, k } = await nearest(rows, rows, { k: 5, exceptSelf: true });
console.log(`nearest to ${gallery.names[query]}:`);
for (let n = query * k; n < (query + 1) * k; n++) {
  console.log(`  ${similarities[n]?.toFixed(3)}  ${gallery.names[indices[n] as number]}`);
}
(await getDevice()).destroy(); // an open device holds the program
