import { type Damage, reason } from "../collection.ts";
import { HEAD_BYTES, kindOf } from "../formats/kind.ts";
import { type InputFile, memoryFile, readWhole } from "../source/input-file.ts";
import type { Contents } from "./contents.ts";
import { inflate } from "./inflate.ts";
import { readTar } from "./tar.ts";
import { readZip } from "./zip.ts";

export type ArchiveKind = "zip" | "gzip" | "tar";

/** Bytes of a packed file and of what it unpacks to, which is held in memory. */
const MAX_UNPACKED = 2 ** 31 - 1;

/**
 * The files of an archive. A gzip file holds one, whose name is its own without the ending, or a tar archive.
 *
 * @returns What cannot be read is damage; nothing is thrown.
 */
export async function openArchive(file: InputFile, kind: ArchiveKind): Promise<Contents> {
  try {
    if (kind === "zip") return await readZip(file);
    if (kind === "tar") return await readTar(file);
    if (file.size > MAX_UNPACKED)
      throw new Error("it is too large to be unpacked in memory; unpack it first");
    const name = file.name.replace(/\.(gz|gzip)$/i, "").replace(/\.tgz$/i, ".tar");
    const unpacked = memoryFile(name, await inflate(await readWhole(file), "gzip", MAX_UNPACKED));
    if (kindOf(await unpacked.read(0, HEAD_BYTES)) === "tar") return await readTar(unpacked);
    return { files: [unpacked], skipped: [] };
  } catch (error) {
    const damage: Damage = { file: file.name, problem: reason(error) };
    return { files: [], skipped: [damage] };
  }
}
