export { drawViews, type ViewDraws } from "./augment/draws.ts";
export type { FilterName } from "./augment/filters.ts";
export { type Crops, type MultiCropOptions, multiCrop } from "./augment/multi-crop.ts";
export { type RandomViewOptions, randomView, viewOf } from "./augment/random-view.ts";
export {
  defaultRecipe,
  dinoRecipe,
  type MultiCropRecipe,
  scatSimClrRecipe,
  type ViewRecipe,
} from "./augment/recipe.ts";
export { resample } from "./augment/resample.ts";
export { bytes as byteScale, continuous as unitScale, type Scale } from "./augment/scale.ts";
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
