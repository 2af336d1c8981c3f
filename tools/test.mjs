// Everything CI checks, in order: node tools/test.mjs [--fast] [--only step,step] [part of a test file's path ...]
// Paths choose among the files of the Node tests, and nothing else runs then: npm test -- tests/io random-view
// The last line of the output is `N passed, N failed` over all steps, with `, N skipped` where some were.
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runPage } from "./browser/run-page.mjs";
import { bundle } from "./bundle.mjs";
import { checkGolden } from "./golden.mjs";
import { hostEnv } from "./host/adapter.mjs";
import { ensureInstalled } from "./host/install.mjs";
import { denoBinary, runHost } from "./host/run.mjs";
import { cache, HostError, root } from "./host/tool.mjs";

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

const vitestReport = join(cache, "vitest.json");

const bin = (/** @type {string[]} */ ...path) => join(root, "node_modules", ...path);

/**
 * A program that passes or fails as a whole.
 * @param {string} script
 * @param {string[]} args
 * @returns {Promise<Counts>}
 */
async function check(script, ...args) {
  const failed = (await runHost(process.execPath, [script, ...args], { env: process.env })) === 0 ? 0 : 1;
  return { passed: 1 - failed, failed, skipped: 0 };
}

/** @type {Record<string, () => Promise<Counts>>} */
const steps = {
  types: () => check(bin("typescript", "bin", "tsc"), "-p", root),
  lint: () => check(bin("@biomejs", "biome", "bin", "biome"), "check", "--error-on-warnings", root),
  layers: () => check(join(root, "tools", "layers.mjs")),
  size: async () => {
    if (existsSync(join(root, "mod.ts"))) return check(join(root, "tools", "size.mjs"));
    console.log("there is no mod.ts to measure yet");
    return { passed: 0, failed: 0, skipped: 1 };
  },
  node: vitest,
  golden: async () => checkGolden(vitestReport),
  deno: () =>
    suite((onLine) =>
      runHost(denoBinary(), ["run", "-A", "--unstable-webgpu", "tests/platform/run-deno.ts"], { onLine }),
    ),
  chromium: async () => {
    const page = "tests/platform/page";
    const outdir = join(cache, page);
    // Minified as the package is, so that the suite runs once on what is shipped.
    await bundle({
      entry: join(root, page, "main.ts"),
      outfile: join(outdir, "main.js"),
      platform: "browser",
      minify: true,
    });
    return suite(async (onLine) => {
      await runPage([outdir, join(root, page), root], { onLine });
      return 0;
    });
  },
};

/** Vitest, counted from its JSON report. */
async function vitest() {
  mkdirSync(cache, { recursive: true });
  rmSync(vitestReport, { force: true });
  const args = [
    "run",
    ...files,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${vitestReport}`,
  ];
  const env = { ...hostEnv().env, MORLET_FAST: fast ? "1" : "" };
  const code = await runHost(process.execPath, [bin("vitest", "vitest.mjs"), ...args], { env });
  if (!existsSync(vitestReport)) return { passed: 0, failed: 1, skipped: 0 };
  const result = JSON.parse(readFileSync(vitestReport, "utf8"));
  // A file that does not load has failed without a failed test in it.
  const broken = result.testResults.filter(
    (/** @type {any} */ file) =>
      file.status === "failed" &&
      !file.assertionResults.some((/** @type {any} */ each) => each.status === "failed"),
  ).length;
  const failed = result.numFailedTests + broken;
  return {
    passed: result.numPassedTests,
    failed: failed === 0 && code !== 0 ? 1 : failed, // an error outside of all tests
    skipped: result.numPendingTests + result.numTodoTests,
  };
}

/**
 * The platform suite in another host, which ends with a line that carries its counts (tests/platform/suite.ts).
 * @param {(onLine: (line: string) => void) => Promise<number>} run
 * @returns {Promise<Counts>}
 */
async function suite(run) {
  const mark = "morlet-summary ";
  /** @type {Counts | undefined} */
  let counts;
  const code = await run((line) => {
    if (line.startsWith(mark)) counts = JSON.parse(line.slice(mark.length));
    else console.log(line);
  });
  if (!counts) {
    console.log(`the suite ended without its summary (exit code ${code})`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
  console.log(`${counts.passed} cases passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  return counts;
}

const flags = process.argv.slice(2);
const fast = flags.includes("--fast");
const onlyAt = flags.indexOf("--only");
const files = flags.filter((flag, i) => !flag.startsWith("--") && (onlyAt < 0 || i !== onlyAt + 1));
const only = onlyAt >= 0 ? flags[onlyAt + 1]?.split(",") : files.length > 0 ? ["node"] : undefined;

const total = { passed: 0, failed: 0, skipped: 0 };
/** @type {string[]} */
const failedSteps = [];
/** @type {string[]} */
const times = [];
try {
  const unknown = only?.filter((name) => !(name in steps));
  if (unknown?.length)
    throw new HostError(`--only knows ${Object.keys(steps).join(", ")}, not ${unknown.join(", ")}`);
  ensureInstalled();
  for (const [name, step] of Object.entries(steps)) {
    if (only ? !only.includes(name) : fast && ["golden", "deno", "chromium"].includes(name)) continue;
    console.log(`\n== ${name}`);
    const start = performance.now();
    const counts = await step().catch((error) => {
      console.error(error instanceof HostError ? `morlet: ${error.message}` : error);
      return { passed: 0, failed: 1, skipped: 0 };
    });
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped += counts.skipped;
    if (counts.failed > 0) failedSteps.push(name);
    times.push(`${name} ${((performance.now() - start) / 1000).toFixed(1)} s`);
  }
} catch (error) {
  console.error(error instanceof HostError ? `morlet: ${error.message}` : error);
  total.failed++;
}
console.log(`\ntimes: ${times.join(", ")}`);
if (failedSteps.length > 0) console.log(`failed: ${failedSteps.join(", ")}`);
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed > 0 ? 1 : 0;
