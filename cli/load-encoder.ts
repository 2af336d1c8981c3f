import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { zeros } from "../mod.ts";
import { type Encoder, encode, readEncoder } from "../training/encoder-file.ts";
import type { ImageForm } from "../training/encoders/kind.ts";
import { UsageError } from "./errors.ts";
import { ENCODER } from "./run-folder.ts";

/**
 * The encoder at a path: a file, or the folder of a run; or that of a run by its name in `runs`.
 *
 * @throws {UsageError} If there is none.
 */
export async function loadEncoder(path: string, runs = "runs"): Promise<Encoder> {
  for (const place of [path, join(runs, path)]) {
    const found = await stat(place).catch(() => null);
    if (!found) continue;
    const file = found.isDirectory() ? join(place, ENCODER) : place;
    if (!(await stat(file).catch(() => null))) {
      throw new UsageError(
        `there is no ${ENCODER} in ${place}: it is written when training ends; "export ${place} --checkpoint" takes it from a checkpoint`,
      );
    }
    return decoded(file, new Uint8Array(await readFile(file)));
  }
  throw new UsageError(`there is no encoder ${path}; give an ${ENCODER} or the folder of a run`);
}

function decoded(file: string, bytes: Uint8Array): Encoder {
  try {
    return readEncoder(bytes);
  } catch (cause) {
    if (!(cause instanceof Error && cause.name === "FileFormatError")) throw cause;
    throw new UsageError(`${file} is no encoder that can be used: ${cause.message}`, { cause });
  }
}

/** @throws {UsageError} If the encoder cannot take images of this size. */
export function checkFits(encoder: Encoder, { height, width, channels }: ImageForm): void {
  try {
    encode(encoder, zeros([1, channels, height, width])); // nothing is computed
  } catch (cause) {
    const size = encoder.description.size.join(" x ");
    const why = (cause as Error).message;
    throw new UsageError(
      `this encoder cannot take images of ${height} x ${width} (${why}): give another --size; it was trained on ${size}`,
      { cause },
    );
  }
}
