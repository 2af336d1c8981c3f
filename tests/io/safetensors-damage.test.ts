import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FileFormatError } from "../../engine/io/errors.ts";
import { readSafetensors } from "../../engine/io/safetensors-read.ts";
import { writeSafetensors } from "../../engine/io/safetensors-write.ts";
import { arbitraryArray, atOddAddress, samples } from "./arrays.ts";
import { failureOf } from "./failure.ts";
import { safetensorsFile as file } from "./safetensors-file.ts";

function tensor(dtype: string, shape: unknown, begin: unknown, end: unknown): string {
  return JSON.stringify({ dtype, shape, data_offsets: [begin, end] });
}

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
