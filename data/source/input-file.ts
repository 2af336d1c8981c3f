import { isJunk } from "./paths.ts";

/** A file that can be read piece by piece, wherever it lies. */
export interface InputFile {
  /** Path from the source's root, with forward slashes. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** The bytes from `from` to before `to`; fewer where the file ends. */
  read(from: number, to: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** A file as pages and programs hand it over: a `File` of the browser, or anything with a name and bytes. */
export type GivenFile = { readonly name: string; bytes(): Promise<Uint8Array> } | File;

export const readWhole = (file: InputFile): Promise<Uint8Array<ArrayBuffer>> => file.read(0, file.size);

/** A file that is in memory. */
export function memoryFile(name: string, bytes: Uint8Array): InputFile {
  return { name, size: bytes.length, read: async (from, to) => bytes.slice(from, to) };
}

/**
 * What was handed over as files to read, but for what is hidden in folders; a `File` is not loaded before it is needed.
 */
export async function givenFiles(files: readonly GivenFile[]): Promise<InputFile[]> {
  const pathOf = (file: GivenFile) => (isBlob(file) && file.webkitRelativePath) || file.name;
  const belowTop = (file: GivenFile) => pathOf(file).split("/").slice(1).join("/");
  const meant = files.filter((file) => !isJunk(belowTop(file)));
  return await Promise.all(
    meant.map(async (file) => {
      if (!isBlob(file)) return memoryFile(file.name, await file.bytes());
      const read = async (from: number, to: number) =>
        new Uint8Array(await file.slice(from, to).arrayBuffer());
      return { name: pathOf(file), size: file.size, read };
    }),
  );
}

const isBlob = (file: GivenFile): file is File => typeof Blob === "function" && file instanceof Blob;
