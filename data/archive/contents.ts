import type { Damage } from "../collection.ts";
import type { InputFile } from "../source/input-file.ts";

/** What an archive holds: files that are unpacked when they are read, and what is wrong with others. */
export interface Contents {
  readonly files: readonly InputFile[];
  readonly skipped: readonly Damage[];
}

/** An archive that cannot be read at all. */
export class BadArchive extends Error {
  override readonly name = "BadArchive";
}

/** Bytes that one file of an archive may have. */
export const MAX_FILE_BYTES = 2 ** 30;
/** Bytes that all files of an archive may have together; they are never in memory all at once. */
export const MAX_TOTAL_BYTES = 2 ** 36;
