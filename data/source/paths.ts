/** Whether a path is of a kind that nobody means: notes of file systems, hidden files. */
export const isJunk = (path: string): boolean =>
  path.split(/[/\\]/).some((part) => /^\.[^.]/.test(part) || part === "__MACOSX" || part === "Thumbs.db");

/** Path with forward slashes, or null if it leads out of the archive. */
export function safePath(path: string): string | null {
  const parts = path.replaceAll("\\", "/").split("/");
  const leadsOut = parts.includes("..") || parts[0] === "" || /^[a-z]:/i.test(path) || path.includes("\0");
  return leadsOut ? null : parts.filter((part) => part !== "" && part !== ".").join("/");
}
