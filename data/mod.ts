export { drawViews, type ViewDraws } from "./augment/draws.ts";
export { type RandomViewOptions, randomView, viewOf } from "./augment/random-view.ts";
export { defaultRecipe, type ViewRecipe } from "./augment/recipe.ts";
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
export { decodePng, type RgbaImage } from "./png.ts";
