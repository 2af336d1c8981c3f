import { checkName, PARTIAL, RunInUseError, type RunStore } from "./store.ts";

/**
 * A store in the file system that a page has for itself in the browser (the origin-private file system). It stays when
 * the page is closed; nothing leaves the machine.
 *
 * @param name The folder of the run; "/" leads into folders below it.
 * @throws {Error} When it is first used, if the browser has no such file system or denies it.
 *
 * Source: training/run/browser-store.ts. Standard: https://fs.spec.whatwg.org
 */
export function browserStore(name: string): RunStore {
  let opened: Promise<FileSystemDirectoryHandle> | null = null;
  const folder = () => {
    opened ??= openFolder(name);
    return opened;
  };

  /** Writes when the stream is closed, all or nothing. */
  const replace = async (file: string, keep: boolean, bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
    const handle = await (await folder()).getFileHandle(file, { create: true });
    const from = keep ? (await handle.getFile()).size : 0;
    const stream = await handle.createWritable({ keepExistingData: keep });
    try {
      await stream.write({ type: "write", position: from, data: bytes });
      await stream.close();
    } catch (error) {
      await stream.abort().catch(() => undefined);
      throw error;
    }
  };

  return {
    async read(file) {
      checkName(file);
      const handle = await missingIsNull((await folder()).getFileHandle(file));
      // A file that was made and never written has been promised to nobody.
      const bytes = handle && new Uint8Array(await (await handle.getFile()).arrayBuffer());
      return bytes && bytes.length > 0 ? bytes : null;
    },
    async write(file, bytes) {
      checkName(file);
      await replace(file, false, Uint8Array.from(bytes));
    },
    async append(file, text) {
      checkName(file);
      await replace(file, true, new TextEncoder().encode(text));
    },
    async list() {
      const names: string[] = [];
      const entries = (await folder()) as unknown as AsyncIterable<[string, FileSystemHandle]>;
      for await (const [entry, handle] of entries) {
        if (handle.kind !== "file" || entry.endsWith(PARTIAL)) continue;
        // As for `read`: an empty file is one that a kill has left.
        if ((await (handle as FileSystemFileHandle).getFile()).size > 0) names.push(entry);
      }
      return names.sort();
    },
    async remove(file) {
      checkName(file);
      await missingIsNull((await folder()).removeEntry(file));
    },
    lock: () => lockName(name),
  };
}

async function openFolder(path: string): Promise<FileSystemDirectoryHandle> {
  const { storage } = globalThis.navigator ?? {};
  if (!storage?.getDirectory) {
    throw new Error(
      "browserStore: this browser has no private file system; try a newer one, or memoryStore()",
    );
  }
  let folder = await storage.getDirectory();
  for (const part of path.split("/")) folder = await folder.getDirectoryHandle(part, { create: true });
  return folder;
}

/** The browser ends the lock with the page. One that has no locks locks nothing. */
async function lockName(name: string): Promise<() => Promise<void>> {
  const { locks } = globalThis.navigator;
  if (!locks) return async () => undefined;
  let unlock = () => {};
  const over = new Promise<void>((resolve) => {
    unlock = resolve;
  });
  await new Promise<void>((resolve, reject) => {
    const holding = locks.request(`morlet-store/${name}`, { ifAvailable: true }, (lock) => {
      if (!lock)
        throw new RunInUseError(`the run ${name} is going on in another tab: wait for its end or stop it`);
      resolve();
      return over;
    });
    holding.catch(reject);
  });
  return async () => unlock();
}

async function missingIsNull<T>(asking: Promise<T>): Promise<T | null> {
  try {
    return await asking;
  } catch (error) {
    if ((error as DOMException).name === "NotFoundError") return null;
    throw error;
  }
}
