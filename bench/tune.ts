// npm run bench -- tune [--host chromium]: measures tiles on this adapter and prints the table; Node keeps it too.
import { getDevice } from "../mod.ts";
import { type DotShape, keepTuning, tune } from "../tune.ts";
import type { Bench } from "./bench.ts";

export const openDevice = getDevice;

/** The products of the tasks and steps that the library is held against others in. */
const shapes: readonly DotShape[] = [
  { batch: 1, m: 1024, n: 1024, k: 1024 },
  { batch: 1, m: 256, n: 256, k: 256 },
  { batch: 24, m: 197, n: 197, k: 64 },
  { batch: 24, m: 197, n: 64, k: 197 },
];

export const benches: readonly Bench[] = [
  {
    name: "tune",
    shape: { products: shapes.length },
    rounds: 1,
    variants: {
      async plain() {
        const device = await getDevice();
        const start = performance.now();
        // With many adapters the products are candidates times seconds: where rounds tell all, they are left out.
        const table = await tune({ shapes: device.profile.quads ? [] : shapes });
        const ms = performance.now() - start;
        console.log(JSON.stringify({ tuning: table }));
        await keepTuning(table);
        return { round: async () => ms };
      },
    },
  },
];
