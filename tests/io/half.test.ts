import fc from "fast-check";
import { expect, test } from "vitest";
import {
  bf16ToNumber,
  f16ToNumber,
  fromFloat32,
  numberToBf16,
  numberToF16,
  toFloat32,
} from "../../engine/io/half.ts";
import type { HostArray } from "../../engine/io/host-array.ts";

const everyPattern = Array.from({ length: 0x10000 }, (_, bits) => bits);
const { POSITIVE_INFINITY, NEGATIVE_INFINITY } = Number;

test.each([
  ["f16", f16ToNumber, numberToF16, 0x7c00],
  ["bf16", bf16ToNumber, numberToBf16, 0x7f80],
] as const)("%s: every bit pattern survives the way to a number and back", (_, widen, narrow, infinity) => {
  for (const bits of everyPattern) {
    const value = widen(bits);
    if ((bits & 0x7fff) > infinity) {
      expect(value).toBeNaN();
      expect(widen(narrow(value))).toBeNaN();
    } else if (narrow(value) !== bits) {
      expect.fail(`${bits.toString(16)} is ${value} and comes back as ${narrow(value).toString(16)}`);
    }
  }
});

test("f16: values that the standard names", () => {
  const named: readonly (readonly [number, number])[] = [
    [0x0000, 0],
    [0x8000, -0],
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x0400, 2 ** -14],
    [0x0001, 2 ** -24],
    [0x3555, 0.333251953125],
    [0x7c00, POSITIVE_INFINITY],
    [0xfc00, NEGATIVE_INFINITY],
  ];
  for (const [bits, value] of named) expect(f16ToNumber(bits)).toBe(value);
});

// What lies halfway goes to the pattern whose last bit is 0; what lies beside halfway goes to the nearer one.
test.each([
  ["f16", f16ToNumber, numberToF16, 0x7bff, 2 ** 16],
  ["bf16", bf16ToNumber, numberToBf16, 0x7f7f, 2 ** 128],
] as const)(
  "%s: rounds to nearest, ties to even, between all neighbours",
  (_, widen, narrow, last, above) => {
    const step = new Uint32Array(1);
    const value = new Float32Array(step.buffer);
    for (let bits = 0; bits <= last; bits++) {
      const upper = bits === last ? above : widen(bits + 1); // past the last one infinity takes its place
      const tie = widen(bits) + (upper - widen(bits)) / 2;
      value[0] = tie;
      if (value[0] !== tie) continue; // between the smallest bf16 there is no float32
      const even = bits % 2 === 0 ? bits : bits + 1;
      const got = [narrow(tie), narrow(-tie)];
      step[0] = (step[0] as number) - 1;
      got.push(narrow(value[0] as number));
      step[0] = (step[0] as number) + 2;
      got.push(narrow(value[0] as number));
      const need = [even, even | 0x8000, bits, bits + 1];
      if (got.some((pattern, at) => pattern !== need[at])) expect(got, `around ${tie}`).toEqual(need);
    }
  },
);

test("NaN stays NaN whatever its payload", () => {
  const words = Uint32Array.of(0x7f800001, 0xff800001, 0x7fffffff, 0x7fc00000);
  const values = new Float32Array(words.buffer);
  for (const dtype of ["f16", "bf16"] as const) {
    expect(toFloat32(fromFloat32(values, [4], dtype)).every(Number.isNaN)).toBe(true);
  }
});

test("f32 is shared, f64 exact, the rest converted", () => {
  const values = Float32Array.of(0.1, -2, 65536);
  expect(fromFloat32(values, [3]).data).toBe(values);
  expect(toFloat32(fromFloat32(values, [3]))).toBe(values);
  expect(toFloat32(fromFloat32(values, [3, 1], "f64"))).toEqual(values);
  expect(toFloat32(fromFloat32(values, [3], "bf16"))).toEqual(Float32Array.of(0.10009765625, -2, 65536));
  expect(toFloat32(fromFloat32(values, [3], "f16"))).toEqual(
    Float32Array.of(0.0999755859375, -2, POSITIVE_INFINITY),
  );
  const wide: HostArray = { dtype: "i64", shape: [2], data: BigInt64Array.of(-3n, 2n ** 24n + 1n) };
  expect(toFloat32(wide)).toEqual(Float32Array.of(-3, 2 ** 24));
  expect(toFloat32({ dtype: "bool", shape: [2], data: Uint8Array.of(0, 1) })).toEqual(Float32Array.of(0, 1));
});

test("a shape that does not fit is refused", () => {
  expect(() => fromFloat32(new Float32Array(3), [2], "f16")).toThrow(
    "fromFloat32: data has 3 elements, f16[2] needs 2",
  );
});

test("property: arrays and single numbers convert alike", () => {
  fc.assert(
    fc.property(fc.float32Array({ maxLength: 20 }), (values) => {
      const f16 = fromFloat32(values, [values.length], "f16").data;
      expect(Array.from(f16 as Uint16Array)).toEqual(Array.from(values, numberToF16));
      const bf16 = fromFloat32(values, [values.length], "bf16").data;
      expect(Array.from(bf16 as Uint16Array)).toEqual(Array.from(values, numberToBf16));
    }),
  );
});
