export { drawViews, type ViewDraws } from "./augment/draws.ts";
export { type RandomViewOptions, randomView, viewOf } from "./augment/random-view.ts";
export { defaultRecipe, type ViewRecipe } from "./augment/recipe.ts";
export {
  type Damage,
  type ImageCollection,
  ImageDataError,
  type OpenedImages,
  pickImages,
} from "./collection.ts";
export {
  type EmojiImages,
  type EmojiItem,
  type EmojiPack,
  type EmojiSplit,
  type EmojiVendor,
  emojiImages,
  emojiSize,
  emojiSplit,
  emojiVendors,
  loadEmoji,
} from "./emoji.ts";
export { FileReadError, type FileReader, fileReader } from "./files.ts";
export {
  batchOf,
  type ChannelStatistics,
  channelStatistics,
  type ImageSet,
  normaliseChannels,
} from "./images.ts";
export {
  type Batch,
  type BatchesOptions,
  batches,
  batchesPerEpoch,
  type Cursor,
  epochOrder,
} from "./loader/batches.ts";
export { type OpenOptions, type OpenProgress, openImages } from "./open-images.ts";
export { decodePng, type RgbaImage } from "./png.ts";
export type { GivenFile } from "./source/input-file.ts";
