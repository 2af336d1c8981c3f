import { beforeAll, describe, expect, test } from "vitest";
import { configureDevice, key, type Tensor, tensor } from "../../mod.ts";
import {
  jigsawBoxes,
  jigsawLabels,
  jigsawTiles,
  rotationLabels,
  rotations,
  scatSimClrPermutations,
  shuffleTiles,
} from "../../training/mod.ts";
import { type Golden, goldenTest } from "../golden/golden-file.ts";
import { distance } from "../support/distance.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

/** `[H, W, C]` as `[1, C, H, W]`. */
const planes = (x: Tensor): Tensor => x.cast("f32").permute([2, 0, 1]).unsqueeze(0);

describe("rotation", () => {
  for (const name of ["rotation_5x5", "rotation_12x12"]) {
    goldenTest(`scatsimclr/${name}`, `${name} is the reference's`, async (golden) => {
      const images = golden.tensor("images").cast("f32").permute([0, 3, 1, 2]);
      const turned = rotations(images);
      for (let b = 0; b < 2; b++) {
        for (let r = 0; r < 4; r++) {
          const got = await turned.slice(b, r).permute([1, 2, 0]).data();
          expect(Array.from(got)).toEqual(Array.from(golden.values(`rotated_${b}_${r}`)));
        }
      }
      const labels = await rotationLabels(2).data();
      for (const stored of ["labels", "flat_labels"])
        expect(Array.from(labels)).toEqual(Array.from(golden.values(stored)));
    });
  }

  test("four times is the identity, and needs squares", async () => {
    const image = tensor(
      Float32Array.from({ length: 32 }, (_, i) => i),
      { shape: [2, 1, 4, 4] },
    );
    let x = image;
    for (let i = 0; i < 4; i++) x = rotations(x).slice(null, 1);
    expect(Array.from(await x.data())).toEqual(Array.from(await image.data()));
    expect(() => rotations(image.reshape([1, 1, 8, 4]))).toThrow("square");
  });
});

describe("jigsaw", () => {
  async function compare(golden: Golden): Promise<void> {
    const boxes = (side: number) =>
      jigsawBoxes(side).flatMap(({ left, top, right, bottom }) => [left, top, right, bottom]);
    const sizes = Array.from(golden.values("box_table_sizes"));
    expect(sizes.flatMap(boxes)).toEqual(Array.from(golden.values("box_table")));
    const image = planes(golden.tensor("image"));
    expect(boxes(image.shape[2] as number)).toEqual(Array.from(golden.values("boxes")));
    const tiles = jigsawTiles(image.div(255), { exact: true });
    expect(distance(await tiles.data(), golden.values("tiles_resized"))).toBeLessThan(1e-6);
    const smooth = jigsawTiles(image.div(255));
    expect(distance(await smooth.data(), golden.values("tiles_resized"))).toBeLessThan(1.01 / 255);
    const orders = Array.from(golden.values("orders"));
    for (const [k, order] of orders.entries()) {
      const classes = tensor([order], { dtype: "i32" });
      const got = await shuffleTiles(tiles, classes, scatSimClrPermutations).data();
      expect(distance(got, golden.values(`batch_order${k}`))).toBeLessThan(1e-6);
    }
  }

  for (const name of ["jigsaw_24", "jigsaw_32"])
    goldenTest(`scatsimclr/${name}`, `${name} is the reference's`, compare);

  test("each image has its own permutation", async () => {
    const tiles = tensor(
      Float32Array.from({ length: 18 }, (_, i) => i),
      { shape: [2, 9, 1] },
    );
    const got = await shuffleTiles(tiles, tensor([1, 0], { dtype: "i32" }), scatSimClrPermutations).data();
    expect(Array.from(got)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 13, 15, 9, 14, 17, 16, 10, 12]);
  });

  test("labels are drawn from all classes", async () => {
    const labels = await jigsawLabels(key(1), 2000, scatSimClrPermutations).data();
    expect(new Set(labels)).toEqual(new Set(Array.from({ length: 35 }, (_, i) => i)));
  });
});
