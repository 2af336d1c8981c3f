/**
 * The text of `worker.ts` as one module, for browsers, which decode WebP themselves: tools/bundle.mjs puts it here when it
 * bundles, so that a bundle needs no other file beside it. Null where the sources run as they are.
 */
export const workerSource: string | null = null;
