import { expect, test } from "vitest";
import type { ImageCollection } from "../../data/collection.ts";
import { decodePng } from "../../data/png.ts";
import { carriedMasks } from "../../examples/pretrain/carrying.ts";
import { Looking } from "../../examples/pretrain/looking.ts";
import { key } from "../../mod.ts";
import { ScatSimClr, SwinTransformer } from "../../models/mod.ts";
import { VisionTransformer } from "../../models/vit/vit.ts";
import type { Encoder } from "../../training/encoder-file.ts";
import { encodePng } from "../../training/report/png.ts";
import { useNodeDevice } from "../functions/check.ts";
import { someLooks } from "../training/report/looks.ts";

useNodeDevice();

const [COUNT, SIDE] = [30, 8];
const images: ImageCollection = {
  ...{ name: "some", labels: null, classes: null, skipped: [] },
  names: Array.from({ length: COUNT }, (_, i) => `image <${i}>`),
  images: {
    ...{ count: COUNT, height: SIDE, width: SIDE, channels: 3 },
    data: Uint8Array.from({ length: COUNT * SIDE * SIDE * 3 }, (_, i) => (i * i * 13) % 251),
  },
};
const sizes = { width: 4, depth: 1, heads: 2, patch: 4, imageSize: SIDE };
const swin = { width: 4, depths: [2], heads: [2], window: 2, patch: 2 };
const encoderOf = (model: object): Encoder =>
  ({
    model,
    description: { statistics: { mean: [0.5, 0.5, 0.5], std: [0.3, 0.3, 0.3] } },
  }) as unknown as Encoder;
const looking = Looking.of(encoderOf(new VisionTransformer({ key: key(0), ...sizes })), images) as Looking;

test("images of the run are offered as buttons", async () => {
  const html = await looking.gallery();
  expect(html.match(/<button/g)).toHaveLength(24);
  expect(html).toContain('data-image="23"');
  expect(html).not.toContain("<3>");
});

test("the chosen one is shown with its maps, and its patches beside those of others", async () => {
  const html = await looking.at(2);
  expect(html).toContain("Where the encoder looks");
  expect(html).toContain(">head 2</th>");
  expect(html.match(/class="patched"/g)).toHaveLength(6);
  expect(html.indexOf("&#60;2&#62;")).toBeGreaterThan(0);
  // It stands first, and once.
  const names = JSON.parse(/id="patch-data">(.*?)<\/script>/s.exec(html)![1]!).names;
  expect(names).toEqual([2, 0, 1, 3, 4, 5].map((i) => `image <${i}>`));
});

test("so are the maps of the heads of a Swin transformer, and the likeness to the mean", async () => {
  const model = new SwinTransformer({ key: key(1), ...swin, imageSize: SIDE });
  const html = await (Looking.of(encoderOf(model), images) as Looking).at(1);
  const titles = [...html.matchAll(/<th scope="col">([^<]*)/g)].map(([, title]) => title);
  expect(titles).toEqual(["image", "holds 60 %", "mean", "likeness", "head 1", "head 2"]);
});

test("so is a file, and what is no picture is told", async () => {
  const data = Uint8Array.from({ length: 10 * 10 * 3 }, (_, i) => i % 256);
  const png = await encodePng({ width: 10, height: 10, channels: 3, data });
  const html = await looking.at([new File([png], "my cat.png", { type: "image/png" })]);
  expect(html).toContain("my cat.png");
  expect(html.match(/class="patched"/g)).toHaveLength(6);
  await expect(looking.at([new File(["no picture"], "text.png")])).rejects.toThrow(/no usable image/);
});

test("several files are frames, in the order of their names, which take labels from the first", async () => {
  const files = await Promise.all(
    [10, 2, 1].map(async (n) => {
      const data = Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => (i * i * n) % 251);
      return new File([await encodePng({ width: 8, height: 8, channels: 3, data })], `frame ${n}.png`);
    }),
  );
  const html = await looking.at(files);
  const names = JSON.parse(/id="patch-data">(.*?)<\/script>/s.exec(html)![1]!).names;
  expect(names).toEqual(["frame 1.png", "frame 2.png", "frame 10.png"]);
  expect(html).toContain("A mask carried along");
  expect(html.match(/data-cell/g)).toHaveLength(4);
  expect(html.match(/class="veil carried"/g)).toHaveLength(2);
  expect(await looking.carry([0, 1])).toHaveLength(2);
});

test("labels go to the patches that are alike", async () => {
  const { looks } = someLooks([]);
  // The second patch of the first image is the first of the second and the last of the third.
  const masks = await carriedMasks(looks, [1]);
  const marked = await Promise.all(
    masks.map(async (address) => {
      const { width, data } = await decodePng(new Uint8Array(Buffer.from(address.split(",")[1]!, "base64")));
      expect(width).toBe(12);
      const middle = (cell: number) => (4 * Math.floor(cell / 3) + 2) * width + 4 * (cell % 3) + 2;
      return [0, 1, 2, 3, 4, 5].filter((cell) => data[4 * middle(cell)] === 255);
    }),
  );
  expect(marked).toEqual([[0], [5]]);
});

test("an encoder without patches is not offered", () => {
  const model = new ScatSimClr({ key: key(0), scattering: { J: 1, L: 2, shape: [8, 8] } });
  expect(Looking.of(encoderOf(model), images)).toBeNull();
});
