export { loadPublished, type PublishedOptions } from "./load.ts";
export { commonNames } from "./names.ts";
