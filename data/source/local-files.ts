import { type Damage, ImageDataError, reason } from "../collection.ts";
import { isScriptHost } from "../host.ts";
import type { InputFile } from "./input-file.ts";

type FileSystem = typeof import("node:fs/promises");

export interface LocalFiles {
  /** Sorted by path. */
  readonly files: readonly InputFile[];
  /** Folders and links that cannot be read. */
  readonly skipped: readonly Damage[];
}

/** The files that a path of the file system leads to: itself, or all below a folder but the hidden ones. */
export async function localFiles(path: string | URL): Promise<LocalFiles> {
  if (!isScriptHost()) {
    throw new ImageDataError("a page cannot open paths; drop the files or the folder onto it");
  }
  const [fs, top] = [await fileSystem(), await localPath(path)];
  const found = await fs.stat(top).catch((error: unknown) => {
    throw new ImageDataError(`there is no file or folder ${top} that can be read (${reason(error)})`);
  });
  if (found.isFile()) {
    const name = top.split(/[/\\]/).at(-1) as string;
    return { files: [localFile(fs, top, name, found.size)], skipped: [] };
  }
  if (!found.isDirectory()) throw new ImageDataError(`${top} is neither a file nor a folder`);
  const walk = new Walk(fs);
  await walk.folder(top, "");
  return { files: walk.files.sort((a, b) => (a.name < b.name ? -1 : 1)), skipped: walk.skipped };
}

/** Without a slash at the end. */
async function localPath(path: string | URL): Promise<string> {
  const specifier = "node:url"; // a variable, so that bundlers for browsers do not look for the module
  const { fileURLToPath } = (await import(/* @vite-ignore */ specifier)) as typeof import("node:url");
  const local = path instanceof URL ? fileURLToPath(path) : path;
  return local.length > 1 ? local.replace(/[/\\]+$/, "") || "/" : local;
}

async function fileSystem(): Promise<FileSystem> {
  const specifier = "node:fs/promises";
  return (await import(/* @vite-ignore */ specifier)) as FileSystem;
}

function localFile(fs: FileSystem, path: string, name: string, size: number): InputFile {
  const read = async (from: number, to: number) => {
    const handle = await fs.open(path, "r");
    try {
      const bytes = new Uint8Array(Math.max(0, Math.min(to, size) - from));
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, from + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    } finally {
      await handle.close();
    }
  };
  return { name, size, read };
}

class Walk {
  readonly files: InputFile[] = [];
  readonly skipped: Damage[] = [];
  private readonly fs: FileSystem;
  /** Real paths of the folders that were entered: links may lead in a circle. */
  private readonly entered = new Set<string>();

  constructor(fs: FileSystem) {
    this.fs = fs;
  }

  async folder(path: string, name: string): Promise<void> {
    const { fs, entered, skipped } = this;
    try {
      const real = await fs.realpath(path);
      if (entered.has(real)) return;
      entered.add(real);
      const names = (await fs.readdir(path)).filter((each) => !each.startsWith(".")).sort();
      for (const each of names) {
        await this.entry(`${path === "/" ? "" : path}/${each}`, name === "" ? each : `${name}/${each}`);
      }
    } catch (error) {
      skipped.push({ file: name, problem: `the folder cannot be read: ${reason(error)}` });
    }
  }

  private async entry(path: string, name: string): Promise<void> {
    try {
      const found = await this.fs.stat(path); // follows links
      if (found.isDirectory()) await this.folder(path, name);
      else if (found.isFile()) this.files.push(localFile(this.fs, path, name, found.size));
    } catch (error) {
      this.skipped.push({ file: name, problem: `the file cannot be read: ${reason(error)}` });
    }
  }
}
