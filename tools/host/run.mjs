// Hosts as child processes: Node, Deno, Chromium.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { hostEnv } from "./adapter.mjs";
import { HostError, root } from "./tool.mjs";

/** The deno binary, put in place if its install script was blocked. */
export function denoBinary() {
  const folder = join(root, "node_modules", "deno");
  const binary = join(folder, process.platform === "win32" ? "deno.exe" : "deno");
  if (!existsSync(binary)) {
    spawnSync(process.execPath, ["install.cjs"], { cwd: folder, stdio: "ignore" });
  }
  if (!existsSync(binary))
    throw new HostError("deno is missing: run npm ci, then node node_modules/deno/install.cjs");
  return binary;
}

/**
 * Runs a program under the host environment and gives its exit code.
 * @param {string} command
 * @param {string[]} args
 * @param {object} [options]
 * @param {Record<string, string | undefined>} [options.env]
 * @param {string} [options.cwd]
 * @param {(line: string) => void} [options.onLine] gets standard output instead of the terminal
 * @returns {Promise<number>}
 */
export function runHost(command, args, { env = hostEnv().env, cwd = root, onLine } = {}) {
  const child = spawn(command, args, {
    cwd,
    env,
    stdio: ["inherit", onLine ? "pipe" : "inherit", "inherit"],
  });
  // A terminal sends Ctrl-C to the child too, and a second one would look like impatience.
  const inTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const pass = (/** @type {NodeJS.Signals} */ signal) => {
    if (signal !== "SIGINT" || !inTerminal) child.kill(signal);
  };
  process.on("SIGINT", pass);
  process.on("SIGTERM", pass);
  if (onLine && child.stdout) eachLine(child.stdout, onLine);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      process.off("SIGINT", pass);
      process.off("SIGTERM", pass);
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
}

/**
 * @param {import("node:stream").Readable} stream
 * @param {(line: string) => void} onLine
 * @param {string} [end] what ends a line
 */
export function eachLine(stream, onLine, end = "\n") {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk) => {
    const lines = (rest + chunk).split(end);
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
  });
  stream.on("end", () => rest && onLine(rest));
}
