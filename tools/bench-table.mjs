import { inColumns } from "./columns.mjs";

/**
 * A result of bench/runner.ts.
 * @typedef {{ bench: string, variant?: string, revision: string, ms?: { median: number, min: number } } &
 *   Record<string, unknown>} Line
 */

/** What is told of a result where it has it: the heading, its field, and what it is divided by. */
const figures = /** @type {const} */ ([
  ["GFLOP/s", "GFLOP/s", 1],
  ["GB/s", "GB/s", 1],
  ["dispatches", "dispatches", 1],
  ["submits", "submits", 1],
  ["MB moved", "movedBytes", 1e6],
  ["MB live", "liveBytes", 1e6],
  ["MB peak", "peakBytes", 1e6],
  ["first ms", "compileMs", 1],
  ["cold start ms", "coldStartMs", 1],
  ["KB gzipped", "gzippedBytes", 1024],
]);

/**
 * Results as a table: a row for each bench and variant of each revision. Of a second revision it says how many times
 * as long it took as the first.
 * @param {readonly Line[]} lines
 */
export function benchTable(lines) {
  const shown = figures.filter(([, field]) => lines.some((line) => line[field] !== undefined));
  const revisions = [...new Set(lines.map((line) => line.revision))];
  const [present] = revisions;
  const rows = lines.map((line) => {
    const { bench, variant, revision, ms } = line;
    const first = lines.find((x) => x.bench === bench && x.variant === variant && x.revision === present);
    const ratio = ms && first?.ms && revision !== present ? (ms.median / first.ms.median).toFixed(2) : "";
    return [
      variant ? `${bench} ${variant}` : bench,
      ...(revisions.length > 1 ? [revision, ratio && `${ratio}x`] : []),
      number(ms?.median),
      number(ms?.min),
      ...shown.map(([, field, unit]) => number(line[field], unit)),
    ];
  });
  const compared = revisions.length > 1 ? ["revision", "took"] : [];
  return inColumns([["bench", ...compared, "ms", "least", ...shown.map(([heading]) => heading)], ...rows]);
}

/**
 * Three digits, or all of a whole number.
 * @param {unknown} value
 */
function number(value, unit = 1) {
  if (typeof value !== "number") return "";
  const x = value / unit;
  if (Number.isInteger(x) || Math.abs(x) >= 100) return x.toFixed(0);
  return x.toPrecision(3);
}
