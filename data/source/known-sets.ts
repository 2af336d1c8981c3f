import { ImageDataError } from "../collection.ts";
import { type EmojiPack, emojiImages, emojiSize, emojiSplit, emojiVendors, loadEmoji } from "../emoji.ts";
import { type FileReader, fileReader } from "../files.ts";
import type { ImageRecords } from "../formats/records.ts";
import { sliceReader } from "../formats/records.ts";
import { type LocalFiles, localFiles } from "./local-files.ts";

/** The bundled emoji as files of images: the sides of `emojiSplit`, both vendors, labelled by category. */
export async function emojiRecords(read?: FileReader): Promise<ImageRecords[]> {
  const pack = await loadEmoji({ read: read ?? fileReader(new URL("../emoji/", import.meta.url)) });
  const { train, heldOut } = emojiSplit(pack);
  return [side(pack, train, "train"), side(pack, heldOut, "test")];
}

function side(pack: EmojiPack, indices: readonly number[], name: "train" | "test"): ImageRecords {
  const { count, data } = emojiImages(pack, indices);
  const labels = indices.map((index) => pack.labels[index] as number);
  return {
    file: "emoji",
    names: emojiVendors.flatMap((vendor) => indices.map((index) => `${vendor} ${pack.items[index]?.name}`)),
    side: name,
    count,
    height: emojiSize,
    width: emojiSize,
    channels: 3,
    labels: Int32Array.from(emojiVendors.flatMap(() => labels)),
    classes: pack.categories,
    skipped: [],
    read: sliceReader(data, emojiSize * emojiSize * 3),
  };
}

/** Where Debian's package dataset-fashion-mnist puts its files. */
const FASHION_FOLDER = "/usr/share/datasets/fashion-mnist";

export const fashionClasses: readonly string[] =
  "T-shirt/top, Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, Bag, Ankle boot".split(", ");

export async function fashionFiles(): Promise<LocalFiles> {
  try {
    return await localFiles(FASHION_FOLDER);
  } catch (cause) {
    const remedy =
      "on Debian or Ubuntu, apt-get install dataset-fashion-mnist; or give the folder of its files";
    throw new ImageDataError(`Fashion-MNIST is not on this machine: ${remedy}`, [], { cause });
  }
}
