/**
 * Where a run keeps its files: a flat set of names. After a kill at any moment each name has its old bytes or its new
 * ones, but for what was being appended, which may be cut short.
 */
export interface RunStore {
  /** Null if there is no such file. */
  read(name: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Replaces the whole file. When it resolves the bytes are on the disk. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** Adds to the end of a file, which need not be there yet. */
  append(name: string, text: string): Promise<void>;
  /** In the order of their characters. */
  list(): Promise<string[]>;
  /** Nothing happens if there is no such file. */
  remove(name: string): Promise<void>;
  /**
   * Keeps other runs out until what it returns is called, or the program ends. A store without it is not shared, or its
   * owner sees to that.
   *
   * @throws {RunInUseError} If another run has it.
   */
  lock?(): Promise<() => Promise<void>>;
}

/** Two runs would write to one store. */
export class RunInUseError extends Error {
  override readonly name = "RunInUseError";
}

/** Throws if a name is no plain file name. */
export function checkName(name: string): void {
  if (!/^[\w][\w.-]*$/.test(name) || name.endsWith(PARTIAL)) {
    throw new RangeError(
      `a run's file cannot be called ${JSON.stringify(name)}; use letters, digits, "_", "-" and "."`,
    );
  }
}

/** What the names of files end in that are not whole yet. */
export const PARTIAL = ".partial";

/** A store that ends with the program. */
export function memoryStore(): RunStore {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  return {
    async read(name) {
      return files.get(name)?.slice() ?? null;
    },
    async write(name, bytes) {
      checkName(name);
      files.set(name, Uint8Array.from(bytes));
    },
    async append(name, text) {
      checkName(name);
      const [old, more] = [files.get(name) ?? new Uint8Array(), new TextEncoder().encode(text)];
      const joined = new Uint8Array(old.length + more.length);
      joined.set(old);
      joined.set(more, old.length);
      files.set(name, joined);
    },
    async list() {
      return [...files.keys()].sort();
    },
    async remove(name) {
      files.delete(name);
    },
  };
}
