import { type Files, fileSystem } from "./replace-file.ts";
import { PARTIAL, RunInUseError } from "./store.ts";

/** In the folder of a run while a program writes there: the number of its process. */
export const LOCK = "lock";

/** Between two looks at a lock that changes hands; writing one takes a small part of it. */
const MOMENT = 200;

/** Locks of this process. */
const held = new Set<string>();

/**
 * Keeps other programs, and other runs of this one, out of a run's folder, which is made if it is not there; returns what
 * lets them in again. The lock of a process that has ended is taken over.
 *
 * @throws {RunInUseError} If another one that lives has the run.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const fs = await fileSystem();
  await fs.mkdir(folder, { recursive: true });
  // One name for one folder, however it was called.
  const path = `${await fs.realpath(folder)}/${LOCK}`;
  if (held.has(path)) throw inUse(folder, process.pid);
  held.add(path);
  try {
    await take(fs, folder, path);
  } catch (error) {
    held.delete(path);
    throw error;
  }
  return async () => {
    await fs.rm(path, { force: true });
    held.delete(path);
  };
}

async function take(fs: Files, folder: string, path: string): Promise<void> {
  const mine = `${process.pid}\n`;
  try {
    const file = await fs.open(path, "wx");
    try {
      await file.writeFile(mine);
    } finally {
      await file.close();
    }
    return;
  } catch (error) {
    if ((error as { code?: string }).code !== "EEXIST") throw error;
  }
  // It may have been made and not been written yet.
  const owner = (await ownerOf(fs, path)) ?? (await moment().then(() => ownerOf(fs, path)));
  if (owner !== null && lives(owner)) throw inUse(folder, owner);
  // Under a name of its own first, as others may be doing the same.
  const partial = `${path}-${process.pid}${PARTIAL}`;
  await fs.writeFile(partial, mine);
  await fs.rename(partial, path);
  // Of programs that take it over at once, the last one has it.
  await moment();
  const last = await ownerOf(fs, path);
  if (last !== process.pid) throw inUse(folder, last);
}

async function ownerOf(fs: Files, path: string): Promise<number | null> {
  const text = await fs.readFile(path, "utf8").catch((error: { code?: string }) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  return /^[1-9]\d*$/.test(text.trim()) ? Number(text) : null;
}

/** The number of a process may be used anew: one with that of this process has ended. */
function lives(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}

const moment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, MOMENT));

const inUse = (folder: string, pid: number | null): RunInUseError =>
  new RunInUseError(
    `the run ${folder} is going on in ${pid === null ? "another process" : `process ${pid}`}: wait for its end or stop it (if that is another program, remove ${folder}/${LOCK})`,
  );
