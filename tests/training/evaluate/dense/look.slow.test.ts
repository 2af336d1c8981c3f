import { describe, expect, test } from "vitest";
import type { ImageSet } from "../../../../data/images.ts";
import { key, type Tensor, tensor, zeros } from "../../../../mod.ts";
import { DinoNetwork, EsVitNetwork, ScatSimClr, SelfPatchNetwork } from "../../../../models/mod.ts";
import { VisionTransformer } from "../../../../models/vit/vit.ts";
import {
  attentionMask,
  likenessMap,
  lookAt,
  looksOf,
  mapOf,
  meanMap,
  type PatchEncoder,
  patchEncoder,
} from "../../../../training/mod.ts";
import { useNodeDevice } from "../../../functions/check.ts";

useNodeDevice();

const sizes = { width: 8, depth: 2, heads: 2, patch: 4, imageSize: 16 };
const head = { hidden: 8, bottleneck: 4, out: 8 };
const statistics = { mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.2] };
const images = (height: number, width: number): ImageSet => ({
  ...{ count: 3, height, width, channels: 3 },
  data: Uint8Array.from({ length: 3 * height * width * 3 }, (_, i) => (i * i * 7) % 256),
});

const dino = new DinoNetwork({ key: key(1), backbone: sizes, head });
const selfPatch = new SelfPatchNetwork({ key: key(2), backbone: sizes, head, patchOut: 8 });
const swin = { width: 4, depths: [1, 2], heads: [1, 2], window: 2, patch: 2, imageSize: 16 };
const esVit = new EsVitNetwork({ key: key(3), ...swin, projection: head });

const values = async (x: Tensor) => [...(await x.data())];
const rampOf = (side: number) =>
  tensor(
    Float32Array.from({ length: side * side }, (_, i) => Math.sin(i)),
    { shape: [1, 1, side, side] },
  );
const sum = (x: ArrayLike<number>) => Array.from(x).reduce((a, b) => a + b, 0);

describe("what an encoder looks at", () => {
  test("is where the class token looks, head by head", async () => {
    const model = patchEncoder(dino) as VisionTransformer;
    expect(model).toBe(dino.backbone);
    const looks = await looksOf(model, images(12, 16), statistics);
    expect(looks).toMatchObject({ count: 3, grid: [3, 4], kind: "class token", heads: 2 });
    expect(looks.maps).toHaveLength(3 * 2 * 12);
    expect(looks.patches).toMatchObject({ count: 36, width: 8 });
    // What is left of the whole is what the token takes from itself.
    expect(sum(mapOf(looks, 1, 0))).toBeGreaterThan(0.5);
    expect(sum(mapOf(looks, 1, 0))).toBeLessThan(1);
    const mean = meanMap(looks, 1);
    mean.forEach((value, cell) => {
      expect(value).toBeCloseTo((mapOf(looks, 1, 0)[cell]! + mapOf(looks, 1, 1)[cell]!) / 2, 6);
    });
    expect(sum(attentionMask(mean))).toBeGreaterThan(0);
  });

  test("is the last map of the module that sums patches up, where there is one", async () => {
    const looks = await looksOf(patchEncoder(selfPatch) as PatchEncoder, images(16, 16), statistics);
    expect(looks).toMatchObject({ grid: [4, 4], kind: "summary", heads: 2 });
    expect(sum(mapOf(looks, 2, 1))).toBeLessThan(1);
    expect(sum(mapOf(looks, 2, 1))).toBeGreaterThan(0.5);
  });

  test("is what all patches look at, where no token looks at anything", async () => {
    const plain = new VisionTransformer({ key: key(4), ...sizes, classToken: false });
    const looks = await looksOf(plain, images(16, 16), statistics);
    expect(looks).toMatchObject({ grid: [4, 4], kind: "patches", heads: 2 });
    expect(sum(mapOf(looks, 2, 1))).toBeCloseTo(1, 5);
    const blank = zeros([1, 3, 16, 16]);
    const whole = await values(plain.attention(blank)); // [1, 2, 16, 16]
    const want = Array.from({ length: 2 * 16 }, (_, i) => {
      const column = Array.from(
        { length: 16 },
        (_, q) => whole[(Math.floor(i / 16) * 16 + q) * 16 + (i % 16)]!,
      );
      return sum(column) / 16;
    });
    (await values(lookAt(plain, blank).maps)).forEach((value, i) => {
      expect(value).toBeCloseTo(want[i]!, 6);
    });
  });

  test("is what those of its window look at in a Swin transformer", async () => {
    const model = patchEncoder(esVit) as PatchEncoder;
    const looks = await looksOf(model, images(16, 16), statistics);
    expect(looks).toMatchObject({ grid: [4, 4], kind: "patches", heads: 2 });
    const seen = zeros([1, 3, 16, 16]).add(rampOf(16));
    const maps = await values(lookAt(model, seen).maps);
    const whole = await values(esVit.attention(seen)); // [1, 4 windows, 2, 4, 4], shifted by 1
    maps.forEach((value, i) => {
      const [head, row, column] = [Math.floor(i / 16), (Math.floor(i / 4) + 3) % 4, (i + 3) % 4];
      const window = 2 * Math.floor(row / 2) + Math.floor(column / 2);
      const place = 2 * (row % 2) + (column % 2);
      const taken = [0, 1, 2, 3].map((query) => whole[((2 * window + head) * 4 + query) * 4 + place]!);
      expect(value).toBeCloseTo(sum(taken) / 4, 6);
    });
    // Images of another size: windows reach over the edge of the grid of 3 x 3. What is beyond is apart there, so that all
    // that the tokens of each of the four windows give goes to tokens.
    const small = await looksOf(model, images(12, 12), statistics);
    expect(small).toMatchObject({ grid: [3, 3], heads: 2 });
    expect(sum(mapOf(small, 0, 0))).toBeCloseTo(4, 5);
  });

  test("has the likeness of each patch to the mean of all beside it", async () => {
    const looks = await looksOf(patchEncoder(esVit) as PatchEncoder, images(16, 16), statistics);
    const { width, values } = looks.patches;
    const rows = Array.from({ length: 16 }, (_, i) => [...values.slice(i * width, (i + 1) * width)]);
    const mean = rows[0]!.map((_, d) => sum(rows.map((row) => row[d]!)) / rows.length);
    const length = (x: number[]) => Math.hypot(...x);
    likenessMap(looks, 0).forEach((cosine, cell) => {
      const row = rows[cell]!;
      const want = sum(row.map((v, d) => v * mean[d]!)) / length(row) / length(mean);
      expect(cosine).toBeCloseTo(Math.max(0, want), 5);
    });
  });

  test("is the same as the models' own maps and features", async () => {
    const blank = zeros([1, 3, 16, 16]);
    const seen = lookAt(dino.backbone, blank);
    const whole = await values(dino.backbone.attention(blank));
    // Of `[1, 2, 17, 17]` the first row of each head without its first column.
    expect((await values(seen.maps)).slice(16)).toEqual(whole.slice(17 * 17 + 1, 17 * 17 + 17));
    expect(await values(seen.patches)).toEqual((await values(dino.backbone.forward(blank))).slice(8));
  });

  test("is nothing for encoders without patches", () => {
    const model = new ScatSimClr({ key: key(0), scattering: { J: 1, L: 2, shape: [8, 8] } });
    expect(patchEncoder(model)).toBeNull();
  });
});
