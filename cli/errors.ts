/** Something that whoever typed the command can put right, in a sentence with a remedy. Exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Names of errors that are about what was asked for: a sentence and exit code 2. */
const aboutTheRequest = new Set([
  "UsageError",
  "RecipeError",
  "ImageDataError",
  "FileReadError",
  "FileFormatError",
  "ResumeError",
  "RunInUseError",
  "CheckpointError",
]);

const systemProblems: Readonly<Record<string, string>> = {
  EACCES: "it may not be written to or read; choose another place or change its permissions",
  EPERM: "the system does not permit it; choose another place",
  EROFS: "it lies on a read-only file system; choose another place",
  ENOSPC: "there is no space left; free some or choose another disk",
  ENOENT: "there is no such file or folder; check the path",
  ENOTDIR: "a part of its path is no folder; check the path",
  EISDIR: "it is a folder; give a file",
  EEXIST: "there is something of that name; choose another",
  EMFILE: "too many files are open; close other programs",
};

/** What to say about an error and what to exit with. Errors nobody foresaw keep their stack. */
export function explained(error: unknown): { text: string; code: number } {
  if (!(error instanceof Error)) return { text: String(error), code: 1 };
  if (aboutTheRequest.has(error.name)) return { text: error.message, code: 2 };
  const { code, path } = error as { code?: string; path?: string };
  const problem = code === undefined ? undefined : systemProblems[code];
  if (problem) return { text: `${path ?? error.message}: ${problem}`, code: 2 };
  const known = error.name !== "Error" && !/^(Type|Reference|Range|Syntax)Error$/.test(error.name);
  return { text: known ? error.message : (error.stack ?? error.message), code: 1 };
}
