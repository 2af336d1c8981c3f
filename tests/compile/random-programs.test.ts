// Random programs on the CPU: fused and unfused, kernels of both families, all against the reference. Runs without
// an adapter, so that an access out of range, a race or a read before a write is an error and not a wrong number.
import fc from "fast-check";
import { test } from "vitest";
import { checkProgram, drawn } from "./check-program.ts";
import { recipes } from "./random-program.ts";

test("random programs give what the reference gives", () => {
  fc.assert(fc.property(recipes(), checkProgram), drawn(50));
});

test("short random programs do", () => {
  fc.assert(fc.property(recipes(5), checkProgram), drawn(80));
});
