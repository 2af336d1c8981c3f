// What is loaded for drivers that run on the CPU.

export { threadAttention, threadTile } from "./attention-threads.ts";
export { quadKernel } from "./dot-quad.ts";
export { stripKernel } from "./map-strips.ts";
export { quadTile } from "./quads.ts";
export { together } from "./scalar/together.ts";
