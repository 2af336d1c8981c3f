/**
 * Rows of text as a table for terminals: each column as wide as its widest cell.
 * @param {readonly (readonly string[])[]} rows the first of them the headings
 */
export function inColumns(rows) {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  const line = (/** @type {readonly string[]} */ row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd();
  return rows.map(line).join("\n");
}
