import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FileFormatError } from "../../engine/io/errors.ts";
import type { HostArray } from "../../engine/io/host-array.ts";
import { elementCount, itemSize } from "../../engine/io/host-array.ts";
import { parseJson } from "../../engine/io/json.ts";
import { readSafetensors, writeSafetensors } from "../../engine/io/safetensors.ts";
import { describeWithShared } from "../support/shared.ts";
import { arbitraryArray, atOddAddress, facts, samples } from "./arrays.ts";

/** A file with this header text (or these bytes) and so many bytes of data. */
function file(header: string | Uint8Array, dataBytes = 0): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

function tensor(dtype: string, shape: unknown, begin: unknown, end: unknown): string {
  return JSON.stringify({ dtype, shape, data_offsets: [begin, end] });
}

function failureOf(read: () => unknown): FileFormatError {
  try {
    read();
  } catch (error) {
    if (error instanceof FileFormatError) return error;
    throw error;
  }
  return expect.fail("nothing was thrown");
}

describe("round trips", () => {
  test.each(Object.values(samples))("$dtype", (array) => {
    const bytes = writeSafetensors({ x: array });
    for (const place of [bytes, atOddAddress(bytes)]) {
      const { tensors, metadata } = readSafetensors(place);
      expect(Object.keys(tensors)).toEqual(["x"]);
      expect(facts(tensors.x as HostArray)).toEqual(facts(array));
      expect(metadata).toEqual({});
    }
  });

  test("all at once, with metadata and difficult names", () => {
    const metadata = { 'quo"te\n': "\u0000\u2028", 10: "ten", 9: "nine", __proto__x: "" };
    const names = ["", "__proto__", "10", "2", "\u{1f600}", "\uffff", "a.b/c", "constructor"];
    const arrays = Object.fromEntries(names.map((name, i) => [name, Object.values(samples)[i] as HostArray]));
    const back = readSafetensors(writeSafetensors(arrays, metadata));
    expect(Object.keys(back.tensors).sort()).toEqual([...names].sort());
    for (const name of names) {
      expect(facts(back.tensors[name] as HostArray)).toEqual(facts(arrays[name] as HostArray));
    }
    expect(back.metadata).toEqual(metadata);
  });

  test("nothing at all", () => {
    const bytes = writeSafetensors({});
    expect(bytes).toEqual(file("{}      "));
    expect(readSafetensors(bytes)).toEqual({ tensors: {}, metadata: {} });
  });

  test("property: any arrays", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: "grapheme" }), arbitraryArray(), { maxKeys: 5 }),
        fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }),
        (arrays, metadata) => {
          const back = readSafetensors(atOddAddress(writeSafetensors(arrays, metadata)));
          const pairs = (all: Record<string, HostArray>) =>
            new Map(Object.entries(all).map(([name, array]) => [name, facts(array)]));
          expect(pairs(back.tensors)).toEqual(pairs(arrays));
          expect(new Map(Object.entries(back.metadata))).toEqual(new Map(Object.entries(metadata)));
        },
      ),
    );
  });
});

describe("writer", () => {
  const f32 = (length: number): HostArray => ({
    dtype: "f32",
    shape: [length],
    data: new Float32Array(length),
  });

  test("lays out the widest dtypes first, then by name, and pads the header to 8 bytes", () => {
    const bytes = writeSafetensors({ b: f32(1), flag: samples.bool, a: f32(2), n: samples.i64 }, { k: "v" });
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const header = new TextDecoder().decode(bytes.subarray(8, 8 + length));
    expect(header.trimEnd()).toBe(
      '{"__metadata__":{"k":"v"},"n":{"dtype":"I64","shape":[2],"data_offsets":[0,16]},' +
        '"a":{"dtype":"F32","shape":[2],"data_offsets":[16,24]},' +
        '"b":{"dtype":"F32","shape":[1],"data_offsets":[24,28]},' +
        '"flag":{"dtype":"BOOL","shape":[3],"data_offsets":[28,31]}}',
    );
  });

  test("equal contents give equal bytes in any order", () => {
    const one = writeSafetensors(
      { a: f32(1), b: f32(2), "\u{1f600}": f32(3), "\uffff": f32(0) },
      { x: "1", y: "2" },
    );
    const other = writeSafetensors(
      { "\uffff": f32(0), "\u{1f600}": f32(3), b: f32(2), a: f32(1) },
      { y: "2", x: "1" },
    );
    expect(other).toEqual(one);
    expect(Object.keys(readSafetensors(one).tensors)).toEqual(["a", "b", "\uffff", "\u{1f600}"]);
  });

  test("aligned tensors are read without a copy, others copied", () => {
    const bytes = writeSafetensors({ x: f32(4) });
    expect(readSafetensors(bytes).tensors.x?.data.buffer).toBe(bytes.buffer);
    expect(readSafetensors(atOddAddress(bytes)).tensors.x?.data.buffer).not.toBe(bytes.buffer);
  });

  test("a part of a larger buffer is written as that part", () => {
    const all = Float32Array.of(1, 2, 3, 4);
    const bytes = writeSafetensors({ x: { dtype: "f32", shape: [2], data: all.subarray(1, 3) } });
    expect(readSafetensors(bytes).tensors.x?.data).toEqual(Float32Array.of(2, 3));
  });

  const half = { dtype: "f32", shape: [2], data: new Float32Array(3) } as const;
  test.each<[string, () => unknown, string]>([
    [
      "a shape that does not fit",
      () => writeSafetensors({ w: half }),
      '"w": data has 3 elements, f32[2] needs 2',
    ],
    ["the reserved name", () => writeSafetensors({ __metadata__: f32(1) }), "no tensor may be called"],
    ["half a surrogate pair", () => writeSafetensors({ "\ud800": f32(1) }), "half a surrogate pair"],
    [
      "a bool of 2",
      () => writeSafetensors({ x: { ...samples.bool, data: Uint8Array.of(0, 2, 0) } }),
      "holds 2 at 1",
    ],
    [
      "data of another type",
      () => writeSafetensors({ x: { dtype: "f16", shape: [1], data: new Float32Array(1) } }),
      "dtype f16 needs its data in a Uint16Array, got Float32Array",
    ],
    [
      "a negative size",
      () => writeSafetensors({ x: { dtype: "f32", shape: [-1, -1], data: new Float32Array(1) } }),
      "shape [-1,-1] has the size -1",
    ],
    [
      "an unknown dtype",
      () => writeSafetensors({ x: { dtype: "toString" as "f32", shape: [], data: new Float32Array(1) } }),
      "unknown dtype toString",
    ],
    [
      "metadata that is no string",
      () => writeSafetensors({}, { k: 1 as unknown as string }),
      "is not a string",
    ],
  ])("refuses %s", (_, write, message) => {
    expect(write).toThrow(TypeError);
    expect(write).toThrow(message);
  });
});

describe("damaged files", () => {
  const good = tensor("F32", [2], 0, 8);
  const twoTo53 = "9007199254740992";
  const lengthOf = (length: bigint): Uint8Array => {
    const bytes = file(`{"x":${good}}`, 8);
    new DataView(bytes.buffer).setBigUint64(0, length, true);
    return bytes;
  };

  test.each<[string, Uint8Array, string, number | undefined]>([
    ["empty", new Uint8Array(0), "the file has 0 bytes", 0],
    ["seven bytes", new Uint8Array(7), "the file has 7 bytes", 0],
    ["header longer than the file", lengthOf(1000n), "1000 bytes, but only 62 follow", 0],
    ["header over 100 MB", lengthOf(100_000_001n), "at most 100000000 are allowed", 0],
    ["header of 2^64 - 1", lengthOf(2n ** 64n - 1n), "18446744073709551615 bytes", 0],
    ["no header", file(""), 'does not start with "{"', 8],
    ["space before the header", file(" {}"), 'does not start with "{"', 8],
    ["byte order mark", file("\ufeff{}"), 'does not start with "{"', 8],
    ["not UTF-8", file(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)), "not UTF-8", 8],
    ["not JSON", file("{x}"), 'not JSON: need "\\"", found "x"', 9],
    ["JSON cut short", file('{"x":'), "need a value, found its end", 13],
    ["string cut short", file('{"x'), "a string does not end", 9],
    ["string cut in an escape", file('{"x\\'), "a string does not end", 9],
    ["bad escape", file('{"\\x":1}'), "bad escape", 9],
    ["half a surrogate pair", file('{"\\ud800":1}'), "half a surrogate pair", 9],
    ["control character", file('{"a\nb":1}'), "control character", 9],
    ["comma at the end", file(`{"x":${good},}`, 8), 'need "\\"", found "}"', undefined],
    ["number with a leading zero", file('{"x":01}'), 'need "}", found "1"', 14],
    ["something after the header", file("{} {}"), "something follows the value", 11],
    ["NUL padding", file("{}\u0000"), "something follows the value", 10],
    ["offset after wide characters", file('{"\u00e9\u{1f600}":?}'), 'found "?"', 18],
    ["too deep", file(`{"x":${"[".repeat(200)}`), "nested deeper than 100", undefined],
    ["deep enough to exhaust the stack", file(`{"x":${"[".repeat(1_000_000)}`), "nested deeper", undefined],
    ["duplicate tensor", file(`{"x":${good},"x":${good}}`, 8), 'duplicate key "x"', undefined],
    ["duplicate by escape", file(`{"x":${good},"\\u0078":${good}}`, 8), 'duplicate key "x"', undefined],
    ["duplicate field", file('{"x":{"dtype":"F32","dtype":"F16"}}'), 'duplicate key "dtype"', undefined],
    ["duplicate metadata", file('{"__metadata__":{},"__metadata__":{}}'), "duplicate key", undefined],
    ["metadata no object", file('{"__metadata__":[]}'), "__metadata__ is []", undefined],
    ["metadata no string", file('{"__metadata__":{"k":1}}'), '__metadata__ has 1 under "k"', undefined],
    ["tensor no object", file('{"x":3}'), 'tensor "x" is described by 3', undefined],
    ["dtype missing", file('{"x":{}}'), 'tensor "x" has the dtype nothing', undefined],
    ["dtype unknown", file(`{"x":${tensor("F8_E4M3", [8], 0, 8)}}`, 8), 'has the dtype "F8_E4M3"', undefined],
    ["dtype in lower case", file(`{"x":${tensor("f32", [2], 0, 8)}}`, 8), 'has the dtype "f32"', undefined],
    ["dtype from Object", file(`{"x":${tensor("constructor", [2], 0, 8)}}`, 8), '"constructor"', undefined],
    ["shape missing", file('{"x":{"dtype":"F32","data_offsets":[0,0]}}'), "has the shape nothing", undefined],
    ["shape no list", file(`{"x":${tensor("F32", 2, 0, 8)}}`, 8), "has the shape 2", undefined],
    ["shape negative", file(`{"x":${tensor("F32", [-2, -1], 0, 8)}}`, 8), "has the shape [-2,-1]", undefined],
    ["shape fractional", file(`{"x":${tensor("F32", [2.5], 0, 10)}}`, 10), "has the shape [2.5]", undefined],
    ["shape of text", file(`{"x":${tensor("F32", ["2"], 0, 8)}}`, 8), 'has the shape ["2"]', undefined],
    ["shape of null", file(`{"x":${tensor("F32", [null], 0, 8)}}`, 8), "has the shape [null]", undefined],
    [
      "shape 2.0",
      file('{"x":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}', 8),
      "has the shape [2.0]",
      undefined,
    ],
    [
      "shape 2e0",
      file('{"x":{"dtype":"F32","shape":[2e0],"data_offsets":[0,8]}}', 8),
      "has the shape [2e0]",
      undefined,
    ],
    [
      "size over 2^53",
      file(`{"x":{"dtype":"F32","shape":[${twoTo53},0],"data_offsets":[0,0]}}`),
      `has the shape [${twoTo53},0]`,
      undefined,
    ],
    [
      "product over 2^53",
      file(`{"x":${tensor("F32", [2 ** 30, 2 ** 30], 0, 8)}}`, 8),
      "F32[1073741824,1073741824] needs more than 2^53",
      undefined,
    ],
    ["offsets missing", file('{"x":{"dtype":"F32","shape":[2]}}'), "data_offsets nothing", undefined],
    ["offsets negative", file(`{"x":${tensor("F32", [2], -8, 0)}}`, 8), "data_offsets [-8,0]", undefined],
    [
      "three offsets",
      file('{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}', 8),
      "data_offsets [0,8,8]",
      undefined,
    ],
    ["offsets over 2^53", file(`{"x":${tensor("U8", [1], 0, 2 ** 53)}}`, 1), `[0,${twoTo53}]`, undefined],
    [
      "end before begin",
      file(`{"x":${tensor("F32", [2], 8, 0)}}`, 8),
      "ends at 0 before it begins at 8",
      undefined,
    ],
    [
      "fewer bytes than the shape",
      file(`{"x":${tensor("F32", [3], 0, 8)}}`, 8),
      'tensor "x" has 8 bytes (data_offsets [0,8]), but F32[3] needs 12',
      undefined,
    ],
    ["more bytes than the shape", file(`{"x":${tensor("F32", [1], 0, 8)}}`, 8), "F32[1] needs 4", undefined],
    [
      "hole at the start",
      file(`{"x":${tensor("F32", [1], 4, 8)}}`, 8),
      'no tensor covers the data from 0 to 4, before tensor "x"',
      62,
    ],
    [
      "hole in the middle",
      file(`{"y":${tensor("U8", [1], 3, 4)},"x":${tensor("U8", [2], 0, 2)}}`, 4),
      'from 2 to 3, before tensor "y"',
      undefined,
    ],
    [
      "overlap",
      file(`{"x":${tensor("U8", [4], 0, 4)},"y":${tensor("U8", [2], 3, 5)}}`, 5),
      'tensor "y" (data_offsets [3,5]) overlaps tensor "x", which ends at 4',
      undefined,
    ],
    ["same bytes twice", file(`{"x":${good},"y":${good}}`, 8), 'overlaps tensor "x"', undefined],
    ["data cut short", file(`{"x":${good}}`, 7), "reaches past the data, which has 7 bytes", undefined],
    ["bytes left over", file(`{"x":${good}}`, 11), "3 bytes are left over", undefined],
    ["bytes without a tensor", file("{}", 1), "1 bytes are left over", 10],
    [
      "empty tensor inside another",
      file(`{"x":${tensor("U8", [4], 0, 4)},"e":${tensor("U8", [0], 2, 2)}}`, 4),
      "overlaps",
      undefined,
    ],
  ])("%s", (_, bytes, problem, offset) => {
    for (const place of [bytes, atOddAddress(bytes)]) {
      const failure = failureOf(() => readSafetensors(place));
      expect(failure.problem).toContain(problem);
      expect(failure.format).toBe("safetensors");
      if (offset !== undefined) expect(failure.offset).toBe(offset);
      expect(failure.message.length).toBeLessThan(500);
    }
  });

  test("a bool that is neither 0 nor 1", () => {
    const bytes = writeSafetensors({ x: samples.bool });
    bytes[bytes.length - 1] = 7;
    const failure = failureOf(() => readSafetensors(bytes));
    expect(failure.problem).toContain('tensor "x" is BOOL but holds the byte 7');
    expect(failure.offset).toBe(bytes.length - 1);
  });

  test("empty tensors may stand at any border, and fields that are not known are passed over", () => {
    const extra = '{"dtype":"U8","shape":[2],"data_offsets":[0,2],"note":{"a":[true,null,-1.5e-3,"x"]}}';
    const header = `{ "e" : ${tensor("F32", [0, 3], 0, 0)},\n"x":${extra},"f":${tensor("I64", [0], 2, 2)}}  `;
    const { tensors } = readSafetensors(file(header, 2));
    expect(Object.values(tensors).map(({ data }) => data.length)).toEqual([0, 2, 0]);
  });

  const valid = writeSafetensors(samples, { note: "every dtype" });

  test("property: every truncation is refused", () => {
    for (let length = 0; length < valid.length; length++) {
      failureOf(() => readSafetensors(valid.subarray(0, length)));
    }
    fc.assert(
      fc.property(fc.dictionary(fc.string(), arbitraryArray(), { maxKeys: 3 }), fc.nat(), (arrays, cut) => {
        const bytes = writeSafetensors(arrays);
        failureOf(() => readSafetensors(bytes.subarray(0, cut % bytes.length)));
      }),
    );
  });

  test("property: anything appended is refused", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), (more) => {
        failureOf(() => readSafetensors(Uint8Array.of(...valid, ...more)));
      }),
    );
  });

  const readsOrRefuses = (bytes: Uint8Array): void => {
    try {
      readSafetensors(bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(FileFormatError);
    }
  };

  test("property: random bytes, random headers and flipped bytes give nothing but FileFormatError", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), readsOrRefuses));
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => readsOrRefuses(file(`{${text}`))));
    fc.assert(fc.property(fc.json(), (text) => readsOrRefuses(file(`{"x":${text}}`, 4))));
    fc.assert(
      fc.property(fc.nat(valid.length - 1), fc.nat(255), (at, byte) => {
        readsOrRefuses(valid.with(at, byte));
      }),
      { numRuns: 1000 },
    );
  });
});

test("property: the header's JSON is what JSON.parse takes for JSON", () => {
  const pieces = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"a"',
    '"\\n"',
    "1",
    "-",
    "0",
    ".",
    "e",
    "+",
    "true",
    "null",
    " ",
    "\n",
  ];
  const accepts = (parse: (text: string) => unknown, text: string): boolean => {
    try {
      parse(text);
      return true;
    } catch {
      return false;
    }
  };
  const parse = (text: string) => parseJson(text, "test", 0);
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 12 }), (parts) => {
      const text = parts.join("");
      fc.pre(!/"a".*"a"/s.test(text)); // duplicate keys are where the two differ
      expect(accepts(parse, text), text).toBe(accepts(JSON.parse, text));
    }),
    { numRuns: 2000 },
  );
});

describeWithShared("golden files", "golden", (folder) => {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });

  test("all are read, and survive being written", () => {
    const files = names.filter((name) => name.endsWith(".safetensors"));
    expect(files.length).toBeGreaterThan(0);
    for (const name of files) {
      const { tensors, metadata } = readSafetensors(new Uint8Array(readFileSync(`${folder}/${name}`)));
      for (const { dtype, shape, data } of Object.values(tensors)) {
        expect(data.length).toBe(elementCount(shape));
        expect(data.BYTES_PER_ELEMENT).toBe(itemSize(dtype));
      }
      const again = readSafetensors(writeSafetensors(tensors, metadata));
      expect(again.metadata).toEqual(metadata);
      expect(new Set(Object.keys(again.tensors))).toEqual(new Set(Object.keys(tensors)));
    }
  });
});
