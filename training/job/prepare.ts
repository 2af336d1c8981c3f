import { type ImageCollection, type OpenedImages, pickImages } from "../../data/collection.ts";
import type { ImageSet } from "../../data/images.ts";
import type { Recipe } from "./recipe.ts";

/** The images as a recipe wants them: the first of each side, shrunk where they are larger than it can use. */
export function prepared({ train, test }: OpenedImages, recipe: Recipe): OpenedImages {
  const { firstTrain, firstTest, side } = recipe;
  return {
    train: shrunkTo(firstOf(train, firstTrain), side),
    test: test && shrunkTo(firstOf(test, firstTest), side),
  };
}

function firstOf(collection: ImageCollection, most: number | null): ImageCollection {
  if (most === null || collection.images.count <= most) return collection;
  return pickImages(
    collection,
    Array.from({ length: most }, (_, i) => i),
  );
}

function shrunkTo(collection: ImageCollection, side: number | null): ImageCollection {
  return side === null ? collection : { ...collection, images: shrunkImages(collection.images, side) };
}

/** Images shrunk by the largest whole factor that leaves both sides at least `side`: means of square blocks. */
export function shrunkImages(images: ImageSet, side: number): ImageSet {
  const { count, height, width, channels, data } = images;
  const factor = Math.floor(Math.min(height, width) / side);
  if (factor <= 1) return images;
  const [rows, columns] = [Math.floor(height / factor), Math.floor(width / factor)];
  const result = new Uint8Array(count * rows * columns * channels);
  const area = factor * factor;
  let to = 0;
  for (let i = 0; i < count; i++) {
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        for (let c = 0; c < channels; c++) {
          let sum = 0;
          for (let dy = 0; dy < factor; dy++) {
            const from = ((i * height + y * factor + dy) * width + x * factor) * channels + c;
            for (let dx = 0; dx < factor; dx++) sum += data[from + dx * channels] as number;
          }
          result[to++] = Math.round(sum / area);
        }
      }
    }
  }
  return { count, height: rows, width: columns, channels, data: result };
}
