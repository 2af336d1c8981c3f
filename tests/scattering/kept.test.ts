import { expect, test } from "vitest";
import { scattering2d } from "../../models/scattering/scattering2d.ts";

test("of the transforms that were made, the eight used last are kept", () => {
  const of = (columns: number) => scattering2d({ J: 1, L: 4, shape: [8, columns] });
  const first = of(8);
  for (let more = 1; more < 8; more++) of(8 + more);
  expect(of(8)).toBe(first);
  for (let more = 1; more <= 8; more++) of(8 + more);
  expect(of(8)).not.toBe(first);
});
