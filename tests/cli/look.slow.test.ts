import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodePng } from "../../data/png.ts";
import { configureDevice } from "../../mod.ts";
import { emptyModel, writeEncoder } from "../../training/encoder-file.ts";
import { descriptionOf } from "../../training/job/method-of.ts";
import type { MethodName } from "../../training/job/recipe.ts";
import { tinyRecipes } from "../methods/tiny.ts";
import { nodeGPU } from "../support/host.ts";
import { morlet } from "./host.ts";
import { writePictures } from "./pictures.ts";

const folder = mkdtempSync(join(tmpdir(), "morlet-look-"));
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  configureDevice({ gpu: nodeGPU() });
  await writePictures(at("photos"), 10, false);
  const images = { count: 1, height: 16, width: 16, channels: 3, data: new Uint8Array(16 * 16 * 3) };
  for (const method of ["dino", "selfpatch", "esvit", "scatsimclr"] as const satisfies MethodName[]) {
    const description = descriptionOf(tinyRecipes[method], images, {});
    writeFileSync(at(method), await writeEncoder({ model: emptyModel(description), description }));
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const SIDE = 128; // small images are enlarged to this

describe("look saves what an encoder attends to", { timeout: 60_000 }, () => {
  test.each([
    ["dino", "the image, what holds 60 %, mean, head 1, head 2"],
    ["selfpatch", "the image, what holds 60 %, mean, head 1, head 2"],
    ["esvit", "the image, what holds 60 %, mean, likeness, head 1, head 2"],
  ] as const)("with %s", async (method, columns) => {
    const out = at(`${method}.png`);
    const {
      code,
      errors,
      out: said,
    } = await morlet([...["look", at(method), "--data", at("photos"), "--limit", "3", "--out", out]]);
    expect(errors).toBe("");
    expect(code).toBe(0);
    expect(said).toContain(`${out}: ${columns}\n`);
    expect(said.match(/ {2}row \d {2}.*\.png\n/g)).toHaveLength(3);
    const { width, height } = await decodePng(new Uint8Array(readFileSync(out)));
    expect([width, height]).toEqual([columns.split(", ").length * (SIDE + 4) + 4, 3 * (SIDE + 4) + 4]);
  });

  test("of a single picture, at another size", async () => {
    const picture = join(at("photos"), "picture 1.png");
    const args = [
      "look",
      at("dino"),
      "--data",
      picture,
      "--size",
      "24",
      "--part",
      "0.5",
      "--out",
      at("one.PNG"),
    ];
    const { code, errors, out } = await morlet(args);
    expect(errors).toBe("");
    expect(code).toBe(0);
    expect(out).toContain("what holds 50 %");
    const { height } = await decodePng(new Uint8Array(readFileSync(at("one.PNG"))));
    expect(height).toBe(24 * 5 + 8);
  });

  test("and says so where there are no patches", async () => {
    const { code, errors } = await morlet(["look", at("scatsimclr"), "--data", at("photos")]);
    expect(errors).toBe(
      "morlet: an encoder of ScatSimCLR has no patches to look at: those of DINO, SelfPatch and EsViT have\n",
    );
    expect(code).toBe(2);
    expect(existsSync("attention.png")).toBe(false);
  });
});
