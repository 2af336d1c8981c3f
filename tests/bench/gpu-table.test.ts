import { expect, test } from "vitest";
import { table } from "../../bench/gpu/table.ts";

test("the table sets the medians of libraries side by side, and says what was skipped", () => {
  const lines = [
    { machine: { cores: 2 } },
    { library: "PyTorch 2", variant: "tf32", bench: "matmul", ms: { median: 1 } },
    { library: "Morlet", variant: "float32", bench: "matmul", ms: { median: 2 } },
    { library: "PyTorch 2", variant: "float32", bench: "matmul", ms: { median: 3 } },
    { library: "Morlet", bench: "vit step", skipped: "over its share of 60 s" },
  ];
  const rows = table(lines)
    .split("\n")
    .map((row) => row.split(/ {2,}/));
  expect(rows).toEqual([
    ["ms", "Morlet", "PyTorch 2 float32", "PyTorch 2 tf32"],
    ["matmul", "2.00", "3.00 1.50x", "1.00 0.50x"],
    ["vit step", "skipped"],
  ]);
});
