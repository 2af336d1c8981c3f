// What every tool begins with: where things are, and how it fails.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const cache = join(root, "node_modules", ".cache", "morlet");

/** A failure with a remedy: tools print its message alone, without a stack. */
export class HostError extends Error {}

/**
 * Runs a tool's `main` and turns its outcome into the exit code.
 * @param {() => Promise<number | void>} main
 */
export async function runTool(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    console.error(error instanceof HostError ? `morlet: ${error.message}` : error);
    process.exitCode = 1;
  }
}
