import { open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { PARTIAL } from "../training/run/store.ts";
import { UsageError } from "./errors.ts";

/** In the folder of a run while a program writes there: the number of its process. */
export const LOCK = "lock";

/** Between two looks at a lock that changes hands; writing one takes a small part of it. */
const MOMENT = 200;

/** Locks of this process. */
const held = new Set<string>();

/**
 * Keeps other programs out of a run's folder; returns what lets them in again. The lock of a process that has ended is
 * taken over.
 *
 * @throws {UsageError} If another one that lives has the run.
 */
export async function lockRun(folder: string): Promise<() => Promise<void>> {
  const path = resolve(join(folder, LOCK));
  if (held.has(path)) throw inUse(folder, process.pid);
  held.add(path);
  try {
    await take(folder, path);
  } catch (error) {
    held.delete(path);
    throw error;
  }
  return async () => {
    await rm(path, { force: true });
    held.delete(path);
  };
}

async function take(folder: string, path: string): Promise<void> {
  const mine = `${process.pid}\n`;
  try {
    const file = await open(path, "wx");
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
  const owner = (await ownerOf(path)) ?? (await wait(MOMENT).then(() => ownerOf(path)));
  if (owner !== null && lives(owner)) throw inUse(folder, owner);
  // Under a name of its own first, as others may be doing the same.
  const partial = `${path}-${process.pid}${PARTIAL}`;
  await writeFile(partial, mine);
  await rename(partial, path);
  // Of programs that take it over at once, the last one has it.
  await wait(MOMENT);
  const last = await ownerOf(path);
  if (last !== process.pid) throw inUse(folder, last);
}

async function ownerOf(path: string): Promise<number | null> {
  const text = await readFile(path, "utf8").catch((error: { code?: string }) => {
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

const inUse = (folder: string, pid: number | null): UsageError =>
  new UsageError(
    `the run ${folder} is going on in ${pid === null ? "another process" : `process ${pid}`}: wait for its end or stop it (if that is another program, remove ${join(folder, LOCK)})`,
  );
