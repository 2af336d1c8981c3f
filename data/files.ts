import { isScriptHost } from "./host.ts";

/** Gives the bytes of a file of a folder; `name` may lead into folders below it ("a/b.png"). */
export type FileReader = (name: string) => Promise<Uint8Array<ArrayBuffer>>;

/** A file that could not be read; `cause` says why. */
export class FileReadError extends Error {
  override readonly name = "FileReadError";
  /** Path or address of the file. */
  readonly file: string;

  constructor(file: string, why: string, cause?: unknown) {
    super(`cannot read ${file}: ${why}`, cause === undefined ? undefined : { cause });
    this.file = file;
  }
}

interface DenoFiles {
  readFile(path: string | URL): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * A reader of the files of one folder, on every platform: `fetch` in browsers and for http and https
 * addresses, `Deno.readFile` in Deno, `node:fs/promises` in Node.
 *
 * @param base The folder: a URL, or a string. A string with a scheme is an address; without one it is a path
 *   from the working directory in Node and Deno, and an address relative to the page (or the worker's script)
 *   in browsers.
 * @returns A function from a file's name to its bytes. It rejects with a {@link FileReadError} if there is no
 *   such file, or the name leads out of the folder.
 *
 * @example
 *   const read = fileReader(new URL("../data/emoji/", import.meta.url));
 *   const index = await read("index.json");
 *
 * Source: data/files.ts.
 */
export function fileReader(base: URL | string): FileReader {
  return async (name) => {
    const parts = name.split("/");
    if (parts.some((part) => part === "" || part === "." || part === ".." || part.includes("\\"))) {
      throw new FileReadError(name, "the name must lead into the folder");
    }
    const folder = asAddress(base);
    if (folder === undefined) {
      const path = `${String(base).replace(/[/\\]$/, "")}/${name}`;
      return await wrapped(path, () => readLocal(path));
    }
    const path = folder.pathname.endsWith("/") ? folder.pathname : `${folder.pathname}/`;
    const file = new URL(folder);
    file.pathname = path + parts.map(encodeURIComponent).join("/");
    const isLocal = file.protocol === "file:" && isScriptHost();
    return await wrapped(file.href, () => (isLocal ? readLocal(file) : readRemote(file)));
  };
}

/** The base as a URL, or undefined where it is a path of the file system. */
function asAddress(base: URL | string): URL | undefined {
  if (typeof base !== "string") return base;
  if (/^[a-z][a-z0-9+.-]+:/i.test(base)) return new URL(base); // two letters at least: "C:" is a drive
  return isScriptHost() ? undefined : new URL(base, globalThis.document?.baseURI ?? globalThis.location.href);
}

async function readLocal(file: string | URL): Promise<Uint8Array<ArrayBuffer>> {
  const { Deno } = globalThis as { Deno?: DenoFiles };
  if (Deno !== undefined) return await Deno.readFile(file);
  // A variable, so that bundlers for browsers do not look for the module.
  const specifier = "node:fs/promises";
  const fs = (await import(/* @vite-ignore */ specifier)) as typeof import("node:fs/promises");
  const bytes = await fs.readFile(file);
  return new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
}

async function readRemote(file: URL): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(file);
  if (!response.ok) throw new Error(`HTTP ${response.status} ${response.statusText}`.trimEnd());
  return new Uint8Array(await response.arrayBuffer());
}

async function wrapped<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw new FileReadError(file, cause instanceof Error ? cause.message : String(cause), cause);
  }
}
