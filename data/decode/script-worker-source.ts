/** The same as `worker-source.ts` for Node and Deno: with every decoder. */
export const workerSource: string | null = null;
