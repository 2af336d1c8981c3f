import { expect, test } from "vitest";
import { benchTable } from "../../tools/bench-table.mjs";

const cells = (table: string) => table.split("\n").map((row) => row.split(/ {2,}/));

test("results are rows, with the figures that any of them has", () => {
  const table = benchTable([
    {
      bench: "mlp",
      variant: "step",
      revision: "a",
      ms: { median: 51.26, min: 50 },
      dispatches: 11,
      submits: 1,
      coldStartMs: 800,
    },
    { bench: "softmax", revision: "a", ms: { median: 0.1234, min: 0.12 }, "GB/s": 3.456 },
    { bench: "size", revision: "a", gzippedBytes: 80 * 1024 },
  ]);
  expect(cells(table)).toEqual([
    ["bench", "ms", "least", "GB/s", "dispatches", "submits", "cold start ms", "KB gzipped"],
    ["mlp step", "51.3", "50", "11", "1", "800"],
    ["softmax", "0.123", "0.120", "3.46"],
    ["size", "80"],
  ]);
});

test("another revision says how many times as long it took", () => {
  const table = benchTable([
    { bench: "mlp", variant: "step", revision: "b", ms: { median: 50, min: 50 } },
    { bench: "mlp", variant: "step", revision: "a", ms: { median: 75, min: 70 } },
    { bench: "new", variant: "step", revision: "b", ms: { median: 1, min: 1 } },
  ]);
  expect(cells(table)).toEqual([
    ["bench", "revision", "took", "ms", "least"],
    ["mlp step", "b", "50", "50"],
    ["mlp step", "a", "1.50x", "75", "70"],
    ["new step", "b", "1", "1"],
  ]);
});
