// Finds the best tile of each product of sizes.json, within a number of seconds, and writes the table that the benches
// after it use. Started by main.ts: node tune.mjs SECONDS. Prints what each tile took as JSON lines.
import { writeFileSync } from "node:fs";
import { KERNELS, type TuningTable } from "../../engine/core/profile.ts";
import { type DotShape, tune } from "../../tune.ts";
import { openDevice, TABLE } from "./device.ts";
import { matmul, rounds } from "./sizes.ts";

const began = performance.now();
const limit = Number(process.argv[2] ?? "60");
const device = await openDevice();
let dots: TuningTable["dots"] = {};
for (const { m, n, k, form } of matmul) {
  const shape = { batch: 1, m, n, k, form: form as NonNullable<DotShape["form"]> };
  const tiles: Record<string, number | null> = {};
  const table = await tune({
    shapes: [shape],
    runs: Math.min(5, rounds),
    seconds: limit - (performance.now() - began) / 1e3,
    onCandidate: (_, { variant, ...numbers }, ms) => {
      tiles[[variant, ...Object.values(numbers).filter((x) => typeof x === "number")].join(" ")] = ms;
    },
  });
  // Sizes that come in two forms share an entry: the one of the form that is listed first.
  dots = { ...table.dots, ...dots };
  // Now and not at the end: a driver may crash over the next one.
  writeFileSync(TABLE, `${JSON.stringify({ adapter: table.adapter, kernels: KERNELS, dots }, null, 1)}\n`);
  console.log(JSON.stringify({ tiles, shape }));
}
console.log(
  JSON.stringify({
    bench: "tuning",
    variant: "float32",
    adapter: device.name,
    shape: { products: matmul.length, kept: Object.keys(dots).length },
    ms: { median: Math.round(performance.now() - began) },
  }),
);
process.exit(0);
