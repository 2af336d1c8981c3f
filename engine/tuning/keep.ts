import type { DotTile } from "../../kernels/dot-spec.ts";
import { KERNELS, type TuningTable } from "../core/profile.ts";

/**
 * Keeps a table for this adapter: in a page in its local storage, in Node and Deno in a file of the user's cache.
 *
 * @throws {Error} If there is no place to keep it: in a worker, for one, which must get it from its page.
 *
 * Source: engine/tuning/keep.ts.
 */
export async function keepTuning(table: TuningTable): Promise<void> {
  await (await store()).write(nameOf(table.adapter), JSON.stringify(table));
}

/**
 * The table that `keepTuning` kept for an adapter, or null: none was kept, or it is of other kernels or damaged.
 *
 * @param adapter Vendor, architecture and description, as the option `tuning` of `createDevice` is called with.
 *
 * @example
 *   configureDevice({ tuning: keptTuning });
 *
 * Source: engine/tuning/keep.ts.
 */
export async function keptTuning(adapter: string): Promise<TuningTable | null> {
  try {
    const text = await (await store()).read(nameOf(adapter));
    const table: unknown = text === null ? null : JSON.parse(text);
    return isTuning(table) && table.adapter === adapter ? table : null;
  } catch {
    return null;
  }
}

/** Whether data is a table for the kernels of this version. */
export function isTuning(x: unknown): x is TuningTable {
  if (typeof x !== "object" || x === null) return false;
  const { adapter, kernels, rounds, dots } = x as Record<string, unknown>;
  return (
    typeof adapter === "string" &&
    kernels === KERNELS &&
    everyValue(rounds, (ns) => typeof ns === "number" && ns > 0 && Number.isFinite(ns)) &&
    everyValue(dots, isTile)
  );
}

const everyValue = (x: unknown, holds: (value: unknown) => boolean): boolean =>
  x === undefined || (typeof x === "object" && x !== null && Object.values(x).every(holds));

const NUMBERS: Readonly<Record<DotTile["variant"], readonly string[]>> = {
  direct: ["tm", "tn", "workgroupSize"],
  quad: ["tm", "tn", "quads"],
  staged: ["bm", "bn", "bk", "tm", "tn"],
};

function isTile(x: unknown): boolean {
  if (typeof x !== "object" || x === null) return false;
  const tile = x as Record<string, unknown>;
  const names = NUMBERS[tile.variant as DotTile["variant"]] as readonly string[] | undefined;
  const whole = (n: unknown) => typeof n === "number" && Number.isInteger(n) && n >= 1 && n <= 1024;
  // Staged ones go by vectors of four.
  const fours = tile.variant !== "staged" || (Number(tile.tm) % 4 === 0 && Number(tile.tn) % 4 === 0);
  return (names?.every((name) => whole(tile[name])) ?? false) && fours;
}

const nameOf = (adapter: string): string =>
  `morlet-tuning-${adapter.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`;

interface Store {
  read(name: string): Promise<string | null>;
  write(name: string, text: string): Promise<void>;
}

async function store(): Promise<Store> {
  if (typeof localStorage !== "undefined" && typeof document !== "undefined") {
    return {
      read: async (name) => localStorage.getItem(name),
      write: async (name, text) => localStorage.setItem(name, text),
    };
  }
  if (typeof process === "undefined") throw new Error("keepTuning: there is no place to keep a table here");
  const [{ mkdir, readFile, writeFile }, { homedir }, { join }] = await Promise.all([
    import("node:fs/promises"),
    import("node:os"),
    import("node:path"),
  ]);
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "morlet");
  return {
    read: (name) => readFile(join(folder, `${name}.json`), "utf8"),
    async write(name, text) {
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, `${name}.json`), text);
    },
  };
}
