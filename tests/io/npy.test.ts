import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FileFormatError } from "../../engine/io/errors.ts";
import { toFloat32 } from "../../engine/io/half.ts";
import type { HostArray } from "../../engine/io/host-array.ts";
import { hostDTypes } from "../../engine/io/host-array.ts";
import { readNpy, writeNpy } from "../../engine/io/npy.ts";
import { arbitraryArray, atOddAddress, facts, samples } from "./arrays.ts";
import { failureOf } from "./failure.ts";
import { numpyFiles, numpyValues } from "./numpy-files.ts";

type NumpyFile = keyof typeof numpyFiles;

function fromNumpy(name: NumpyFile): Uint8Array {
  return new Uint8Array(Buffer.from(numpyFiles[name], "base64"));
}

/** A file of this version with this header text and so many bytes of data. */
function file(header: string, dataBytes = 0, version: readonly [number, number] = [1, 0]): Uint8Array {
  const text = new TextEncoder().encode(header);
  const lengthBytes = version[0] === 1 ? 2 : 4;
  const bytes = new Uint8Array(8 + lengthBytes + text.length + dataBytes);
  bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), ...version]);
  const view = new DataView(bytes.buffer);
  if (lengthBytes === 2) view.setUint16(8, text.length, true);
  else view.setUint32(8, text.length, true);
  bytes.set(text, 8 + lengthBytes);
  return bytes;
}

function values(array: HostArray): (number | bigint)[] {
  return Array.from<number | bigint>(array.dtype === "f16" ? toFloat32(array) : array.data);
}

describe("files that numpy wrote", () => {
  const numeric = (Object.keys(numpyFiles) as NumpyFile[]).filter((name) => name.includes("-endian"));

  test.each(numeric.filter((name) => !name.startsWith("column")))("%s", (name) => {
    for (const bytes of [fromNumpy(name), atOddAddress(fromNumpy(name))]) {
      const array = readNpy(bytes);
      expect(array.shape).toEqual([2, 3]);
      expect(values(array)).toEqual(numpyValues[name.slice(0, 2)]);
    }
  });

  test.each(numeric.filter((name) => name.includes("little-endian")))("%s, written alike", (name) => {
    const bytes = fromNumpy(name);
    expect(writeNpy(readNpy(bytes))).toEqual(bytes);
  });

  test.each(["scalar", "one axis", "no elements"] as const)("%s, written alike", (name) => {
    const bytes = fromNumpy(name);
    expect(writeNpy(readNpy(bytes))).toEqual(bytes);
  });

  test("column-major files are turned into row-major arrays", () => {
    const counted = Array.from({ length: 24 }, (_, i) => i);
    const array = readNpy(fromNumpy("column-major"));
    expect(array).toEqual({ dtype: "i32", shape: [2, 3, 4], data: Int32Array.from(counted) });
    const swapped = readNpy(fromNumpy("column-major, big-endian"));
    expect(swapped).toEqual({ dtype: "i16", shape: [2, 3], data: Int16Array.of(0, 1, 2, 3, 4, 5) });
  });

  test("scalars, one axis, no elements, later versions", () => {
    expect(readNpy(fromNumpy("scalar"))).toEqual({ dtype: "f64", shape: [], data: Float64Array.of(2.5) });
    const counted = { dtype: "f32", shape: [3], data: Float32Array.of(0, 1, 2) };
    expect(readNpy(fromNumpy("one axis"))).toEqual(counted);
    expect(readNpy(fromNumpy("version 2.0"))).toEqual(counted);
    expect(readNpy(fromNumpy("version 3.0"))).toEqual(counted);
    expect(readNpy(fromNumpy("no elements")).shape).toEqual([3, 0, 2]);
  });

  test.each<[NumpyFile, string]>([
    ["structured", "the dtype is structured"],
    ["complex", 'the dtype is "<c8" (complex numbers)'],
    ["strings", 'the dtype is "<U2" (strings)'],
    ["dates", 'the dtype is "<M8[D]" (dates)'],
    ["raw bytes", 'the dtype is "|V4" (raw bytes)'],
  ])("%s are refused", (name, problem) => {
    expect(failureOf(() => readNpy(fromNumpy(name))).problem).toContain(problem);
  });
});

describe("round trips", () => {
  test.each(Object.values(samples).filter(({ dtype }) => dtype !== "bf16"))("$dtype", (array) => {
    expect(facts(readNpy(writeNpy(array)))).toEqual(facts(array));
    expect(facts(readNpy(atOddAddress(writeNpy(array))))).toEqual(facts(array));
  });

  test("property: any array", () => {
    const writable = arbitraryArray(hostDTypes.filter((dtype) => dtype !== "bf16"));
    fc.assert(
      fc.property(writable, (array) => {
        const bytes = writeNpy(array);
        expect((bytes.length - array.data.byteLength) % 64).toBe(0);
        expect(facts(readNpy(bytes))).toEqual(facts(array));
      }),
    );
  });

  test("what numpy has no name or room for is refused", () => {
    expect(() => writeNpy(samples.bf16)).toThrow("numpy has no dtype bf16");
    const deep: HostArray = { dtype: "u8", shape: new Array(65).fill(1), data: new Uint8Array(1) };
    expect(() => writeNpy(deep)).toThrow(RangeError);
    expect(() => writeNpy({ ...samples.f32, shape: [2] })).toThrow(
      "writeNpy: data has 1 elements, f32[2] needs 2",
    );
  });
});

describe("damaged files", () => {
  const dict = (descr: string, shape: string, order = "False"): string =>
    `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }\n`;
  const good = dict("'<f4'", "(2,)");

  test.each<[string, Uint8Array, string]>([
    ["empty", new Uint8Array(0), "does not start with \\x93NUMPY"],
    [
      "other magic",
      Uint8Array.from(file(good, 8), (byte, at) => (at === 0 ? 0x94 : byte)),
      "does not start with",
    ],
    ["version 0.0", file(good, 8, [0, 0]), "version 0.0"],
    ["version 1.1", file(good, 8, [1, 1]), "version 1.1"],
    ["version 4.0", file(good, 8, [4, 0]), "version 4.0"],
    ["ends in the length", file(good, 8, [2, 0]).subarray(0, 10), "ends inside the header's length"],
    ["header cut short", file(good).subarray(0, 30), "but only 20 follow"],
    ["empty header", file("", 8), "need a value, found its end"],
    ["no dict", file("(1, 2)\n"), "the header is (1, 2); need a dict"],
    ["code", file("__import__('os')\n"), 'need a value, found "_"'],
    ["an expression", file(dict("'<f4'", "(1+1,)"), 8), 'need "," or ")", found "+"'],
    ["dict not closed", file(good.replace("}", ""), 8), "found its end"],
    ["text after the dict", file(`${good}{}`, 8), "something follows the value"],
    ["escape in a string", file(dict("'\\x3cf4'", "(2,)"), 8), "need a value"],
    ["missing key", file("{'descr': '<f4', 'shape': (2,)}\n", 8), 'has the keys "descr, shape"'],
    ["unknown key", file(good.replace("}", "'x': 1}"), 8), "descr, fortran_order, shape, x"],
    ["duplicate key", file(good.replace("}", "'shape': (2,)}"), 8), 'duplicate key "shape"'],
    ["key without quotes", file(good.replace("'shape'", "shape"), 8), "need a key in quotes"],
    ["JSON's false", file(dict("'<f4'", "(2,)", "false"), 8), 'need a value, found "f"'],
    ["fortran_order 0", file(dict("'<f4'", "(2,)", "0"), 8), "fortran_order is 0"],
    ["shape no tuple", file(dict("'<f4'", "2"), 8), "shape is 2"],
    ["shape in brackets only", file(dict("'<f4'", "(2)"), 8), "shape is 2"],
    ["shape a list", file(dict("'<f4'", "[2]"), 8), "shape is [2]"],
    ["shape negative", file(dict("'<f4'", "(-2,)"), 8), 'need a value, found "-"'],
    ["shape fractional", file(dict("'<f4'", "(2.0,)"), 8), 'need a value, found "2"'],
    ["shape of text", file(dict("'<f4'", "('2',)"), 8), 'shape is ("2",)'],
    ["size over 2^53", file(dict("'<f4'", "(9007199254740992, 0)")), "shape is (9007199254740992, 0)"],
    ["product over 2^53", file(dict("'<f4'", "(1073741824, 1073741824)"), 8), "needs more than 2^53"],
    ["65 axes", file(dict("'<f4'", `(${"1, ".repeat(65)})`), 4), "shape has 65 axes"],
    ["unknown dtype", file(dict("'<f3'", "(2,)"), 8), 'the dtype is "<f3"; need one of'],
    ["objects", file(dict("'|O'", "(2,)"), 8), "(Python objects)"],
    ["long double", file(dict("'<f16'", "(2,)"), 32), 'the dtype is "<f16"'],
    ["native byte order", file(dict("'=f4'", "(2,)"), 8), "does not say its byte order"],
    ["no byte order", file(dict("'|f4'", "(2,)"), 8), "does not say its byte order"],
    ["dtype from Object", file(dict("'<constructor'", "(2,)"), 8), "need one of"],
    ["empty dtype", file(dict("''", "(2,)"), 8), 'the dtype is ""'],
    ["data cut short", file(good, 7), "the data has 7 bytes, but f32[2] needs 8"],
    ["bytes left over", file(good, 9), "the data has 9 bytes, but f32[2] needs 8"],
    ["too deep", file(dict("'<f4'", `${"(".repeat(1000)}`)), "nested deeper than 50"],
  ])("%s", (_, bytes, problem) => {
    const failure = failureOf(() => readNpy(bytes));
    expect(failure.format).toBe("npy");
    expect(failure.problem).toContain(problem);
    expect(failure.message.length).toBeLessThan(500);
  });

  test("a bool that is neither 0 nor 1", () => {
    const bytes = writeNpy(samples.bool);
    bytes[bytes.length - 1] = 7;
    const failure = failureOf(() => readNpy(bytes));
    expect(failure.problem).toContain("a bool has the byte 7");
    expect(failure.offset).toBe(bytes.length - 1);
  });

  test("a header of version 3.0 that is not UTF-8", () => {
    const bytes = file(good, 8, [3, 0]);
    bytes[13] = 0xff;
    expect(failureOf(() => readNpy(bytes)).problem).toBe("the header is not UTF-8");
  });

  test("what older and other writers do is read", () => {
    const array = { dtype: "f32", shape: [2], data: new Float32Array(2) };
    expect(readNpy(file('{"shape":(2L,),"fortran_order":False,"descr":"<f4"}', 8))).toEqual(array);
    expect(readNpy(file(`  ${good}   \n`, 8))).toEqual(array);
    expect(readNpy(file(dict("'<i1'", "(2,)"), 2)).dtype).toBe("i8");
  });

  test("property: every truncation is refused", () => {
    const valid = writeNpy(samples.f64);
    for (let length = 0; length < valid.length; length++) {
      failureOf(() => readNpy(valid.subarray(0, length)));
    }
  });

  test("property: random bytes, random headers and flipped bytes give nothing but FileFormatError", () => {
    const readsOrRefuses = (bytes: Uint8Array): void => {
      try {
        readNpy(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(FileFormatError);
      }
    };
    const token = fc.constantFrom(
      "{",
      "}",
      "(",
      ")",
      "[",
      "]",
      ",",
      ":",
      "'descr'",
      "'<f4'",
      "1",
      "True",
      " ",
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), readsOrRefuses));
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => readsOrRefuses(file(text))));
    fc.assert(fc.property(fc.array(token), (tokens) => readsOrRefuses(file(tokens.join("")))));
    const valid = writeNpy(samples.f64);
    fc.assert(
      fc.property(fc.nat(valid.length - 1), fc.nat(255), (at, byte) => readsOrRefuses(valid.with(at, byte))),
      { numRuns: 1000 },
    );
  });
});
