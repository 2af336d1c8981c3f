// Whether the tests of a whole run have read all that golden files hold: each file of `shared/golden`, and each of its
// tensors. Tests tell what they read in the report of the run (tests/golden/golden-file.ts); what is left out
// stands in `tests/golden/unread.json`, with the reason.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./host/tool.mjs";
import { sharedPath } from "./shared.mjs";

/**
 * @typedef {Record<string, readonly string[]>} Contents the names of the tensors of each file, such as `dino/ema`
 * @typedef {Record<string, string>} Reasons why a folder (`hdc`), a file (`hdc/hdc_loss`) or the tensors whose names
 *   begin so (`hdc/hdc_loss: input/`) are read by no test
 */

/**
 * What lies in a folder of golden files.
 * @param {string} folder
 * @returns {Contents}
 */
export function contentsOf(folder) {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((path) =>
    path.replaceAll("\\", "/"),
  );
  const files = paths.filter((path) => path.endsWith(".safetensors")).sort();
  return Object.fromEntries(
    files.map((path) => {
      const bytes = readFileSync(join(folder, path));
      const header = bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString();
      const names = Object.keys(JSON.parse(header)).filter((name) => name !== "__metadata__");
      return [path.replace(/\.safetensors$/, ""), names];
    }),
  );
}

/**
 * What the tests of a run have read: the names of the tensors of each file.
 * @param {{ testResults: { assertionResults: { meta?: { golden?: { file: string, read: string[] } } }[] }[] }} report
 * @returns {Map<string, Set<string>>}
 */
export function readIn({ testResults }) {
  /** @type {Map<string, Set<string>>} */
  const read = new Map();
  for (const { assertionResults } of testResults) {
    for (const { meta } of assertionResults) {
      if (!meta?.golden) continue;
      const names = read.get(meta.golden.file) ?? new Set();
      for (const name of meta.golden.read) names.add(name);
      read.set(meta.golden.file, names);
    }
  }
  return read;
}

/**
 * What is read by no test and has no reason, and reasons that nothing needs: a line each.
 * @param {Contents} contents
 * @param {Map<string, Set<string>>} read
 * @param {Reasons} reasons
 * @returns {string[]}
 */
export function unread(contents, read, reasons) {
  /** @type {Set<string>} */
  const needed = new Set();
  const excused = (/** @type {string} */ file, /** @type {string} */ tensor) => {
    const reason = Object.keys(reasons).find((key) => {
      const [where = "", start = ""] = key.split(": ");
      return (where === file || file.startsWith(`${where}/`)) && tensor.startsWith(start);
    });
    if (reason) needed.add(reason);
    return reason !== undefined;
  };
  const lines = Object.entries(contents).flatMap(([file, names]) => {
    const left = names.filter((name) => !read.get(file)?.has(name) && !excused(file, name));
    if (left.length === 0) return [];
    const few = `${left.slice(0, 4).join(", ")}${left.length > 4 ? ", ..." : ""}`;
    return [
      `${file}: no test reads ${read.has(file) ? `${left.length} of its ${names.length} tensors: ${few}` : "it"}`,
    ];
  });
  const idle = Object.keys(reasons).filter((key) => !needed.has(key));
  return [...lines, ...idle.map((key) => `tests/golden/unread.json: "${key}" is read, or is not there`)];
}

/**
 * Says what the last run of the Node tests has left unread; skipped where that cannot be known.
 * @param {string} reportFile Vitest's report.
 */
export function checkGolden(reportFile) {
  const skipped = (/** @type {string} */ why) => {
    console.log(`skipped: ${why}`);
    return { passed: 0, failed: 0, skipped: 1 };
  };
  const folder = sharedPath("golden");
  if (!folder) return skipped("needs shared/golden, which is not here");
  const report = existsSync(reportFile) ? JSON.parse(readFileSync(reportFile, "utf8")) : { testResults: [] };
  const tests = readdirSync(join(root, "tests"), { recursive: true, encoding: "utf8" });
  if (report.testResults.length < tests.filter((path) => path.endsWith(".test.ts")).length) {
    return skipped("the last run was not of all tests");
  }
  if (!report.success) return skipped("tests have failed, and may have read less than they would");
  const contents = contentsOf(folder);
  const reasons = JSON.parse(readFileSync(join(root, "tests", "golden", "unread.json"), "utf8"));
  const lines = unread(contents, readIn(report), reasons);
  for (const line of lines) console.log(line);
  if (lines.length > 0) return { passed: 0, failed: 1, skipped: 0 };
  console.log(`golden: all of ${Object.keys(contents).length} files are read, but for what has a reason`);
  return { passed: 1, failed: 0, skipped: 0 };
}
