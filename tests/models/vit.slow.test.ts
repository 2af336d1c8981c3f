import { describe, expect, test } from "vitest";
import { key, type Tensor, tensor, treeLeaves, zeros } from "../../mod.ts";
import { mapPaths, SwinTransformer, swins, VisionTransformer, vits } from "../../models/mod.ts";
import { useNodeDevice } from "../functions/check.ts";
import { distance } from "../support/distance.ts";
import { attention, block, layerNorm, type Rows, samples } from "./transformer-on-host.ts";

useNodeDevice();

const parameters = (model: unknown) => treeLeaves(model).reduce((sum, { value }) => sum + value.size, 0);

/** Numbers between -0.5 and 0.5, another list for each seed. */
const numbers = (seed: number, shape: readonly number[]): Tensor => {
  const count = shape.reduce((a, b) => a * b, 1);
  const values = Float32Array.from({ length: count }, (_, i) => {
    const x = Math.sin(seed * 12.9898 + i * 78.233) * 43758.5453;
    return x - Math.floor(x) - 0.5;
  });
  return tensor(values, { shape });
};

/** The model with weights that are large enough for attention to have something to say. */
function lively<M>(model: M): M {
  let seed = 0;
  return mapPaths(model, (leaf) => numbers(++seed, leaf.shape));
}

const weightsOf = async (model: unknown) => {
  const all = new Map<string, Float64Array>();
  for (const { path, value } of treeLeaves(model)) all.set(path, Float64Array.from(await value.data()));
  return (prefix: string) => (name: string) => all.get(prefix + name) as Float64Array;
};

describe("vision transformers", () => {
  test("have the sizes and names of the published ones", () => {
    const counts = {
      "tiny/16": [5524416, 192],
      "small/16": [21665664, 384],
      "small/8": [21670272, 384],
      "base/8": [85807872, 768],
    } as const;
    for (const [name, [count]] of Object.entries(counts)) {
      const [size, patch] = name.split("/") as [keyof typeof vits, string];
      expect(parameters(new VisionTransformer({ key: key(0), ...vits[size], patch: Number(patch) }))).toBe(
        count,
      );
    }
    const names = treeLeaves(new VisionTransformer({ key: key(0), ...vits.small, patch: 16 })).map(
      (x) => x.path,
    );
    expect(names).toHaveLength(150);
    expect(names).toContain("blocks.11.attn.qkv.weight");
    expect(names).toContain("patch_embed.proj.bias");
    const bare = new VisionTransformer({
      key: key(0),
      ...vits.small,
      patch: 16,
      classToken: false,
      finalNorm: false,
    });
    expect([treeLeaves(bare).length, parameters(bare)]).toEqual([147, 21664128]);
  });

  test("compute what loops compute", async () => {
    const model = lively(
      new VisionTransformer({ key: key(0), width: 8, depth: 1, heads: 2, patch: 2, imageSize: 4 }),
    );
    const images = numbers(99, [2, 3, 4, 4]);
    const weights = await weightsOf(model);
    const tokens = samples(await model.tokens(images).data(), 2, 8);
    const want = tokens.map((x) => {
      const out = block(x, weights("blocks.0."), (y) => attention(y, 2, weights("blocks.0.")));
      return layerNorm(out, weights("norm.")("weight"), weights("norm.")("bias"));
    });
    expect(distance(await model.forward(images).data(), want.flat(2))).toBeLessThan(2e-6);
  });

  test("take images of other sizes, and say what does not fit", () => {
    const model = new VisionTransformer({
      key: key(0),
      width: 8,
      depth: 2,
      heads: 2,
      patch: 4,
      imageSize: 16,
    });
    expect(model.forward(zeros([1, 3, 12, 23])).shape).toEqual([1, 1 + 3 * 5, 8]);
    expect(model.intermediate(zeros([1, 3, 16, 16]), 2).map((x) => x.shape)).toEqual([
      [1, 17, 8],
      [1, 17, 8],
    ]);
    expect(model.attention(zeros([1, 3, 8, 8])).shape).toEqual([1, 2, 5, 5]);
    expect(() => model.forward(zeros([1, 3, 3, 8]))).toThrow("there is no whole patch of 4 by 4");
    expect(() => model.attention(zeros([1, 3, 8, 8]), 2)).toThrow("there is no block 2; need 0 to 1");
    const options = { key: key(0), depth: 1, patch: 4, imageSize: 16 };
    expect(() => new VisionTransformer({ ...options, width: 8, heads: 3 })).toThrow(
      "does not fall into 3 heads",
    );
    expect(() => new VisionTransformer({ ...options, width: 8, heads: 2, patch: 32 })).toThrow(
      "no patch of 32",
    );
  });
});

describe("Swin transformers", () => {
  test("have the sizes and names of the published ones", () => {
    const of = (name: "tiny" | "small" | "base", window: number) =>
      parameters(new SwinTransformer({ key: key(0), ...swins[name], window }));
    expect([of("tiny", 7), of("tiny", 14)]).toEqual([27519354, 27569754]);
    expect([of("small", 7), of("base", 14)]).toEqual([48837258, 86917944]);
    const tiny = new SwinTransformer({ key: key(0), ...swins.tiny, window: 14 });
    const names = treeLeaves(tiny).map(({ path }) => path);
    expect(names).toHaveLength(171);
    expect(names).toContain("layers.2.downsample.reduction.weight");
    expect(tiny.layers.map(({ blocks }) => blocks.map(({ window, shift }) => [window, shift]))[2]).toEqual(
      Array(6).fill([14, 0]),
    );
    expect(tiny.layers[3]?.blocks[1]?.window).toBe(7);
    expect(tiny.layers[0]?.blocks[1]?.shift).toBe(7);
  });

  test("compute what loops compute, with padding and shift", async () => {
    // A grid of 3 x 3 in windows of 2: padded to 4 x 4, and moved by 1 in the second block.
    const sizes = { width: 4, depths: [2], heads: [2], window: 2, patch: 2, imageSize: 8 };
    const model = lively(new SwinTransformer({ key: key(0), ...sizes }));
    const images = numbers(99, [1, 3, 6, 6]);
    const weights = await weightsOf(model);
    const [tokens = []] = samples(await model.patch_embed.forward(images).data(), 1, 4);
    const first = block(tokens, weights("layers.0.blocks.0."), windowed(weights("layers.0.blocks.0."), 0));
    const second = block(first, weights("layers.0.blocks.1."), windowed(weights("layers.0.blocks.1."), 1));
    const [one, two] = model.blockOutputs(images).map((x) => x.data()) as [Promise<never>, Promise<never>];
    expect(distance(await one, first.flat())).toBeLessThan(2e-6);
    expect(distance(await two, second.flat())).toBeLessThan(3e-6);
  });
});

test("Swin transformers have one eps in all their layer norms", () => {
  const sizes = { width: 4, depths: [1, 1], heads: [1, 1], window: 2, patch: 2, imageSize: 8 };
  const all = (more: object) => {
    const { patch_embed, layers, norm } = new SwinTransformer({ key: key(0), ...sizes, ...more });
    const inside = layers.flatMap(({ blocks, downsample }) => [
      ...blocks.flatMap((each) => [each.norm1, each.norm2]),
      ...(downsample ? [downsample.norm] : []),
    ]);
    return [patch_embed.norm, ...inside, norm].map(({ eps }) => eps);
  };
  expect(all({})).toEqual(Array(7).fill(1e-6));
  expect(all({ eps: 1e-5 })).toEqual(Array(7).fill(1e-5));
});

test("Swin transformers say what does not fit", () => {
  const sizes = { key: key(0), width: 4, heads: [1, 1], window: 2, patch: 2, imageSize: 8 };
  const model = new SwinTransformer({ ...sizes, depths: [1, 1] });
  expect(model.forward(zeros([1, 3, 9, 8])).shape).toEqual([1, 4, 8]);
  // 2 x 8 patches are as many as 4 x 4.
  expect(() => model.forward(zeros([1, 3, 4, 16]))).toThrow("2 x 8 patches form no square grid");
  expect(() => new SwinTransformer({ ...sizes, depths: [1] })).toThrow("1 depths and 2 numbers of heads");
  expect(() => new SwinTransformer({ ...sizes, depths: [1, 1], patch: 8 })).toThrow(
    "nothing is left of 8 pixels for stage 2",
  );
});

/** Attention in windows of 2 x 2 on a grid of 3 x 3 that is padded to 4 x 4, cell by cell. */
const windowed =
  (w: (name: string) => Float64Array, shift: number) =>
  (x: Rows): Rows => {
    const [side, full, window] = [3, 4, 2];
    const table = w("attn.relative_position_bias_table");
    const result: Rows = x.map(() => []);
    for (let corner = 0; corner < 4; corner++) {
      // Positions in the rolled grid, and the cells of the padded grid that they come from.
      const places = [0, 1, 2, 3].map((i) => [
        Math.floor(corner / 2) * window + Math.floor(i / window),
        (corner % 2) * window + (i % window),
      ]) as [number, number][];
      const cells = places.map(([r, c]) => [(r + shift) % full, (c + shift) % full] as const);
      const inside = cells.map(([r, c]) => r < side && c < side);
      const rows = cells.map(([r, c], i) => (inside[i] ? (x[r * side + c] as number[]) : [0, 0, 0, 0]));
      const apart = (a: number, b: number) => shift > 0 && a >= full - shift !== b >= full - shift;
      const mixed = attention(rows, 2, w, (h, q, k) => {
        const [[qr, qc], [kr, kc]] = [places[q]!, places[k]!];
        const offset = (qr - kr + 1) * 3 + (qc - kc + 1);
        return table[offset * 2 + h]! + (apart(qr, kr) || apart(qc, kc) ? -100 : 0);
      });
      cells.forEach(([r, c], i) => {
        if (inside[i]) result[r * side + c] = mixed[i] as number[];
      });
    }
    return result;
  };
