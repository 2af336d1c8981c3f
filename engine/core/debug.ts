/**
 * The one debug switch. Level 1 tells one line per compile, 2 one per dispatch, 3 the plan and why it is cut
 * where it is, 4 the WGSL, 5 the graph after each pass. `verify`, `compare` and `nanCheck` add checks.
 *
 * The host sets it, too: `DEBUG=2`, `VERIFY=1`, `COMPARE=1` and `NANCHECK=1` in the environment or in the page's
 * address (`?DEBUG=2`), read when work begins. What the program has set by then stays.
 */
export interface DebugSettings {
  level: number;
  /** Check the rules of every pass before and after it. */
  verify: boolean;
  /** Run each kernel against the float64 reference and name the first that differs. Slow. */
  compare: boolean;
  /** Name the op that made the first NaN (or infinity, too), forward or backward. Slow. */
  nanCheck: boolean | "infinity";
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
  readHostSettings();
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

/** The call stack, if debug lines are to tell who asked for something. */
export function stackIfTold(): string {
  readHostSettings();
  if (debug.level < 1) return "";
  // V8 keeps ten frames unless it is told otherwise, and ops call each other.
  const host = Error as { stackTraceLimit?: number };
  const limit = host.stackTraceLimit;
  host.stackTraceLimit = 50;
  const { stack = "" } = new Error();
  if (limit === undefined) delete host.stackTraceLimit;
  else host.stackTraceLimit = limit;
  return stack;
}

let hostWasAsked = false;

/** Takes over what the host asks for, the first time it is called; importing the library does nothing. */
export function readHostSettings(): void {
  if (hostWasAsked) return;
  hostWasAsked = true;
  const read = hostVariables();
  const level = Number(read("DEBUG"));
  if (Number.isInteger(level)) debug.level ||= level;
  debug.verify ||= read("VERIFY") === "1";
  debug.compare ||= read("COMPARE") === "1";
  debug.nanCheck ||= read("NANCHECK") === "1";
}

interface Host {
  process?: { env?: Record<string, string | undefined> };
  location?: { search?: string };
  Deno?: { permissions: { querySync(of: { name: "env"; variable: string }): { state: string } } };
}

function hostVariables(): (name: string) => string | undefined {
  const { process, location, Deno } = globalThis as Host;
  const query = new URLSearchParams(location?.search ?? "");
  return (name) => {
    const asked = query.get(name);
    if (asked !== null) return asked;
    // Deno would interrupt the user with a question if the program may not read its environment.
    const allowed = !Deno || Deno.permissions.querySync({ name: "env", variable: name }).state === "granted";
    return allowed ? process?.env?.[name] : undefined;
  };
}
