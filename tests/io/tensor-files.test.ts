import { describe, expect, test } from "vitest";
import { fromFloat32 } from "../../engine/io/half.ts";
import type { HostArray } from "../../engine/io/host-array.ts";
import { writeNpy as writeHostNpy } from "../../engine/io/npy.ts";
import { writeSafetensors as writeHostFile } from "../../engine/io/safetensors-write.ts";
import { readNpy, readSafetensors, writeNpy, writeSafetensors } from "../../io.ts";
import { scalar, tensor } from "../../mod.ts";

const host = (dtype: HostArray["dtype"], data: HostArray["data"]): HostArray => ({
  dtype,
  shape: [data.length],
  data,
});

describe("files of tensors", () => {
  test("element types become those of the engine", async () => {
    const bytes = writeHostFile(
      {
        f16: fromFloat32(Float32Array.of(0.5, -2), [2], "f16"),
        bf16: fromFloat32(Float32Array.of(0.5, -2), [2], "bf16"),
        f64: host("f64", Float64Array.of(0.1)),
        i64: host("i64", BigInt64Array.of(-(2n ** 31n), 2n ** 31n - 1n)),
        u64: host("u64", BigUint64Array.of(2n ** 32n - 1n)),
        u8: host("u8", Uint8Array.of(255)),
        i8: host("i8", Int8Array.of(-128)),
        bool: host("bool", Uint8Array.of(1, 0)),
      },
      { note: "x" },
    );
    const { tensors, metadata } = readSafetensors(bytes);
    expect(metadata).toEqual({ note: "x" });
    const found = await Promise.all(
      Object.entries(tensors).map(async ([name, x]) => [name, [x.dtype, [...(await x.data())]]]),
    );
    expect(Object.fromEntries(found)).toEqual({
      f16: ["f32", [0.5, -2]],
      bf16: ["f32", [0.5, -2]],
      f64: ["f32", [Math.fround(0.1)]],
      i64: ["i32", [-(2 ** 31), 2 ** 31 - 1]],
      u64: ["u32", [2 ** 32 - 1]],
      u8: ["u32", [255]],
      i8: ["i32", [-128]],
      bool: ["bool", [1, 0]],
    });
  });

  test("64-bit integers that do not fit are refused by name", () => {
    const file = (array: HostArray) => writeHostFile({ "a.b": array });
    expect(() => readSafetensors(file(host("i64", BigInt64Array.of(1n, 2n ** 31n))))).toThrow(
      'readSafetensors: "a.b": element 1 is 2147483648, which does not fit into i32',
    );
    expect(() => readSafetensors(file(host("u64", BigUint64Array.of(2n ** 32n))))).toThrow(RangeError);
    expect(() => readNpy(writeHostNpy(host("i64", BigInt64Array.of(-(2n ** 31n) - 1n))))).toThrow("readNpy");
  });

  test("what is written reads back", async () => {
    const tensors = {
      weight: tensor([[1, 2.5, -3]]),
      count: scalar(7, "i32"),
      seed: tensor([2 ** 32 - 1], { dtype: "u32" }),
      mask: tensor([true, false]),
      half: tensor([0.1, 65504], { dtype: "f16" }),
      empty: tensor([], { shape: [0, 3] }),
    };
    const back = readSafetensors(await writeSafetensors(tensors, { step: "3" }));
    expect(back.metadata).toEqual({ step: "3" });
    for (const [name, x] of Object.entries(tensors)) {
      const y = back.tensors[name];
      expect([name, y?.shape, y?.dtype]).toEqual([name, x.shape, x.dtype === "f16" ? "f32" : x.dtype]);
      // The file holds halves, and so must what comes back.
      const expected = name === "half" ? [0.0999755859375, 65504] : [...(await x.data())];
      expect([...((await y?.data()) ?? [])]).toEqual(expected);
    }
    const array = readNpy(await writeNpy(tensors.weight));
    expect([array.shape, [...(await array.data())]]).toEqual([
      [1, 3],
      [1, 2.5, -3],
    ]);
  });
});
