import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Encoder, readEncoder } from "../training/encoder-file.ts";
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
    return readEncoder(new Uint8Array(await readFile(file)));
  }
  throw new UsageError(`there is no encoder ${path}; give an ${ENCODER} or the folder of a run`);
}
