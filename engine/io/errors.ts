/** What a {@link FileFormatError} is made from. */
export interface FileFormatFacts {
  /** What is wrong, with the names and numbers that show it. */
  readonly problem: string;
  /** Byte of the file where it is wrong, where one byte can be named. */
  readonly offset?: number | undefined;
  readonly cause?: unknown;
}

/**
 * A file (or a block of bytes) that is not what its format asks for.
 *
 * The fields are public, so that callers match on data and not on wording.
 *
 * @example
 *   try {
 *     readSafetensors(bytes);
 *   } catch (error) {
 *     if (error instanceof FileFormatError) console.warn(error.format, error.problem, error.offset);
 *   }
 *
 * Source: engine/io/errors.ts.
 */
export class FileFormatError extends Error {
  override readonly name = "FileFormatError";
  /** Name of the format in lower case, such as "safetensors". */
  readonly format: string;
  readonly problem: string;
  readonly offset: number | undefined;

  constructor(format: string, { problem, offset, cause }: FileFormatFacts) {
    const place = offset === undefined ? "" : ` (byte ${offset})`;
    super(`${format}: ${problem}${place}`, cause === undefined ? undefined : { cause });
    this.format = format;
    this.problem = problem;
    this.offset = offset;
  }
}

/** Text from a file as it may stand in a message: quoted, control characters escaped, cut when long. */
export function quoted(text: string): string {
  const limit = 120;
  return text.length <= limit ? JSON.stringify(text) : `${JSON.stringify(text.slice(0, limit))}...`;
}
