import { LOCK, lockFolder } from "./folder-lock.ts";
import { type Files, fileSystem, replaceFile } from "./replace-file.ts";
import { checkName, PARTIAL, type RunStore } from "./store.ts";

/**
 * A store in a folder of the file system, in Node and Deno. The folder is made when the first file is written.
 *
 * While a run goes on, a file `lock` with the number of its process keeps other runs out, in this program and in others on
 * this machine; the lock of a process that has ended does not.
 *
 * @param path From the working directory, or absolute.
 * @param options.lock False for folders that their owner guards, or that cannot be locked. Default true.
 *
 * Source: training/run/folder-store.ts.
 */
export function folderStore(path: string, { lock = true }: { readonly lock?: boolean } = {}): RunStore {
  const folder = path.replace(/[/\\]+$/, "") || path;
  const at = (name: string) => `${folder}/${name}`;
  let opened: Promise<Files> | null = null;

  /** The file system, with the folder there and free of what an earlier program left half written. */
  const open = (): Promise<Files> => {
    opened ??= (async () => {
      const fs = await fileSystem();
      await fs.mkdir(folder, { recursive: true });
      const names = await fs.readdir(folder);
      await Promise.all(names.filter((x) => x.endsWith(PARTIAL)).map((x) => fs.rm(at(x), { force: true })));
      return fs;
    })();
    return opened;
  };

  return {
    async read(name) {
      checkName(name);
      const fs = await fileSystem();
      const bytes = await missingIsNull(fs.readFile(at(name)));
      return bytes && new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
    },
    async write(name, bytes) {
      checkName(name);
      await open();
      await replaceFile(at(name), bytes);
    },
    async append(name, text) {
      checkName(name);
      await (await open()).appendFile(at(name), text);
    },
    async list() {
      const fs = await fileSystem();
      const names = (await missingIsNull(fs.readdir(folder))) ?? [];
      return names.filter((name) => name !== LOCK && !name.endsWith(PARTIAL)).sort();
    },
    async remove(name) {
      checkName(name);
      await (await fileSystem()).rm(at(name), { force: true });
    },
    ...(lock ? { lock: () => lockFolder(folder) } : {}),
  };
}

async function missingIsNull<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return null;
    throw error;
  }
}
