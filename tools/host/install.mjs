// The packages that the tools need.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { HostError, root } from "./tool.mjs";

/** Installs the packages of the lock file unless they are all there. */
export function ensureInstalled() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new HostError(
      `the tools need Node.js 20.19 or newer, and this is ${process.versions.node}: update it`,
    );
  }
  const missing = missingPackage();
  if (missing === undefined) return;
  console.log(`morlet: installing the development packages (npm ci; ${missing})`);
  // Without the level npm warns about install scripts that it blocks, which none of the tools need.
  const npm = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
  });
  if (npm.error)
    throw new HostError("npm is not on the PATH: install Node.js 20.19 or newer together with npm");
  if (npm.status !== 0) throw new HostError("npm ci failed: see its message above; it needs an npm registry");
}

/** Names one package that the lock file asks for and node_modules lacks, or nothing. */
function missingPackage() {
  const installed = join(root, "node_modules", ".package-lock.json"); // npm's own list of what it installed
  if (!existsSync(installed)) return "no node_modules yet";
  const have = JSON.parse(readFileSync(installed, "utf8")).packages;
  const want = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  for (const [path, entry] of Object.entries(want)) {
    if (path === "" || (entry.optional && !have[path])) continue; // optional ones are for other platforms
    if (have[path]?.version !== entry.version) return `${path} is missing or out of date`;
  }
  return undefined;
}
