import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { HostArray } from "../../engine/io/host-array.ts";
import { elementCount, itemSize } from "../../engine/io/host-array.ts";
import { readSafetensors } from "../../engine/io/safetensors-read.ts";
import { writeSafetensors } from "../../engine/io/safetensors-write.ts";
import { describeWithShared } from "../support/shared.ts";
import { arbitraryArray, atOddAddress, facts, samples } from "./arrays.ts";
import { safetensorsFile } from "./safetensors-file.ts";

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
    expect(bytes).toEqual(safetensorsFile("{}      "));
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
