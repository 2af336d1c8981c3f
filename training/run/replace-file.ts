import type { FileHandle } from "node:fs/promises";
import { PARTIAL } from "./store.ts";

export type Files = typeof import("node:fs/promises");

/**
 * Writes a whole file, in Node and Deno. After a kill at any moment the path has its old bytes or the new ones; when it
 * resolves they are on the disk.
 *
 * @param path In a folder that is there.
 *
 * Source: training/run/replace-file.ts.
 */
export async function replaceFile(path: string, content: Uint8Array | string): Promise<void> {
  const fs = await fileSystem();
  const partial = path + PARTIAL;
  try {
    await withFile(fs, partial, "w", async (file) => {
      await file.writeFile(content);
      await file.sync();
    });
    await fs.rename(partial, path);
  } catch (error) {
    await fs.rm(partial, { force: true }).catch(() => undefined);
    throw aboutPath(error, path);
  }
  // The new name is in the folder's own data. Not every system lets a folder be opened.
  const folder = /^(.*)[/\\]/.exec(path)?.[1] ?? ".";
  await withFile(fs, folder || "/", "r", (file) => file.sync()).catch(() => undefined);
}

export function fileSystem(): Promise<Files> {
  // A variable, so that bundlers for browsers do not look for the module.
  const specifier = "node:fs/promises";
  return import(/* @vite-ignore */ specifier);
}

/** Whoever asked for a file knows nothing of the partial one. */
function aboutPath(error: unknown, path: string): unknown {
  return error instanceof Error && "path" in error ? Object.assign(error, { path }) : error;
}

async function withFile<T>(
  fs: Files,
  path: string,
  flags: string,
  use: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const file = await fs.open(path, flags);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
