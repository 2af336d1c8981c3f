/**
 * The one debug switch. Level 1 tells one line per compile, 2 one per dispatch, 3 the plan and why it is cut
 * where it is, 4 the WGSL, 5 the graph after each pass. `verify`, `compare` and `nanCheck` add checks.
 */
export interface DebugSettings {
  level: number;
  /** Check the rules of every pass before and after it. */
  verify: boolean;
  /** Run each kernel against the float64 reference and name the first that differs. */
  compare: boolean;
  /** Name the op that made the first NaN. */
  nanCheck: boolean;
  /** Fuse kernels; off only to find out whether fusion is to blame. */
  fuse: boolean;
  /** Where the lines go. */
  print: (line: string) => void;
}

export const debug: DebugSettings = {
  level: 0,
  verify: false,
  compare: false,
  nanCheck: false,
  fuse: true,
  print: (line) => console.log(line),
};

/** Runs `body` with other settings and restores the old ones, also when `body` is async. */
export function withDebug<T>(settings: number | Partial<DebugSettings>, body: () => T): T {
  const saved = { ...debug };
  const restore = () => void Object.assign(debug, saved);
  Object.assign(debug, typeof settings === "number" ? { level: settings } : settings);
  let result: T;
  try {
    result = body();
  } catch (error) {
    restore();
    throw error;
  }
  if (result instanceof Promise) return result.finally(restore) as T;
  restore();
  return result;
}

/** Reads `DEBUG`, `VERIFY`, `COMPARE` and `NANCHECK` from the environment or the page's address. */
export function debugFromHost(): Partial<DebugSettings> {
  const read = hostVariables();
  const settings: Partial<DebugSettings> = {};
  const level = Number(read("DEBUG"));
  if (Number.isInteger(level) && level > 0) settings.level = level;
  if (read("VERIFY") === "1") settings.verify = true;
  if (read("COMPARE") === "1") settings.compare = true;
  if (read("NANCHECK") === "1") settings.nanCheck = true;
  return settings;
}

function hostVariables(): (name: string) => string | undefined {
  const host = globalThis as {
    process?: { env?: Record<string, string | undefined> };
    location?: { search?: string };
  };
  try {
    if (host.process?.env) {
      const env = host.process.env;
      return (name) => env[name];
    }
  } catch {
    // Deno without permission to read the environment: no settings then.
  }
  const query = new URLSearchParams(host.location?.search ?? "");
  return (name) => query.get(name) ?? undefined;
}
