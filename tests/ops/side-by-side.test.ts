// Threads that take four elements compute them side by side, with functions on vectors; see Emitter.together.
import { expect, test } from "vitest";
import * as math from "../../engine/ops/reference-math.ts";
import * as m from "../../mod.ts";
import { useDevice } from "../support/device.ts";

useDevice({ kernels: "software" });

/** Ends and kinks of these functions, and what lies between them; as many as make threads take four. */
const COUNT = 40003;
const special = [
  0,
  -0,
  NaN,
  Infinity,
  -Infinity,
  88.7,
  88.8,
  200,
  -87,
  -104,
  -200,
  9,
  -9.1,
  3.9,
  -4,
  1e30,
  -1e30,
];
const data = Float32Array.from(
  { length: COUNT },
  (_, i) => special[i] ?? (i % 2 === 0 ? 2e-3 * (i - COUNT / 2) : 1e-4 * (i - COUNT / 2)),
);

const functions = {
  exp: { f: m.exp, exact: Math.exp },
  tanh: { f: m.tanh, exact: Math.tanh },
  erf: { f: m.erf, exact: math.erf },
};

test.each(Object.entries(functions))(
  "%s: four at a time as one at a time, and as in float64",
  async (name, { f, exact }) => {
    const many = await f(m.tensor(data)).data();
    const few = await f(m.tensor(data.slice(0, 1000))).data();
    expect(Object.is(many[1], name === "exp" ? 1 : -0)).toBe(true);
    expect(Array.from(many.slice(0, 1000))).toEqual(Array.from(few));
    if (name !== "exp") expect([many[7], many[3], many[16]]).toEqual([1, 1, -1]);
    const wrong = data.findIndex((x, i) => {
      const [found, wanted] = [many[i] as number, Math.fround(exact(x))];
      if (!Number.isFinite(wanted)) return !Object.is(found, wanted);
      return !(Math.abs(found - wanted) <= 5e-7 * Math.abs(wanted) + 1e-37);
    });
    expect(wrong).toBe(-1);
  },
);

test("a row's sums and exponentials, four at a time", async () => {
  const x = m.tensor(data.slice(100, 100 + 300 * 128)).reshape([300, 128]);
  const rows = await m.exp(x.mul(0.01)).sum({ axis: 1 }).data();
  const wrong = rows.findIndex((sum, row) => {
    let wanted = 0;
    for (let i = 0; i < 128; i++) wanted += Math.exp(0.01 * (data[100 + row * 128 + i] as number));
    return !(Math.abs(sum - wanted) <= 1e-5 * wanted);
  });
  expect(wrong).toBe(-1);
});
