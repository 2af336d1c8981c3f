// Medians of libraries side by side.
import { inColumns } from "../../tools/columns.mjs";

/** A line of JSON that a bench has written. */
export type Line = Record<string, unknown>;

/** One row for each bench: milliseconds of Morlet and of the peer's variants, and how many times as long those took. */
export function table(lines: readonly Line[]): string {
  const results = lines.filter((line) => typeof line.bench === "string" && typeof line.library === "string");
  const columnOf = (line: Line) =>
    line.library === "Morlet" ? "Morlet" : `${line.library} ${line.variant ?? ""}`.trim();
  const columns = [...new Set(results.map(columnOf))].sort(
    (a, b) => Number(b === "Morlet") - Number(a === "Morlet") || a.localeCompare(b),
  );
  const rows = [...new Set(results.map((line) => line.bench as string))].map((bench) => {
    const of = (column: string) => results.find((line) => line.bench === bench && columnOf(line) === column);
    const ours = medianOf(of("Morlet"));
    const cells = columns.map((column) => {
      const line = of(column);
      const median = medianOf(line);
      if (median === undefined) return line?.skipped ? "skipped" : "";
      const ratio = ours && column !== "Morlet" ? ` ${(median / ours).toFixed(2)}x` : "";
      return `${median < 100 ? median.toPrecision(3) : median.toFixed(0)}${ratio}`;
    });
    return [bench, ...cells];
  });
  return inColumns([["ms", ...columns], ...rows]);
}

const medianOf = (line: Line | undefined): number | undefined =>
  (line?.ms as { median?: number } | undefined)?.median;
