// The main job with images of 5 channels: from an array to an encoder that refuses other images.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readNpy, readSafetensors } from "../../io.ts";
import { configureDevice } from "../../mod.ts";
import { npyFile } from "../data/array-files.ts";
import { nodeGPU } from "../support/host.ts";
import { morlet } from "./host.ts";
import { tiny, writePictures } from "./pictures.ts";

const folder = mkdtempSync(join(tmpdir(), "morlet-channels-"));
const at = (...names: string[]) => join(folder, ...names);
const runs = ["--runs", at("runs")];
const [COUNT, CHANNELS] = [16, 5];

/** Waves, other ones in each image and channel. */
const bands = (side: number) =>
  Uint8Array.from({ length: COUNT * side * side * CHANNELS }, (_, i) => {
    const [channel, x] = [i % CHANNELS, Math.floor(i / CHANNELS) % side];
    const image = Math.floor(i / (CHANNELS * side * side));
    return 128 + 100 * Math.sin(x * (0.3 + 0.1 * channel) + image);
  });

beforeAll(async () => {
  configureDevice({ gpu: nodeGPU() });
  writeFileSync(at("x8.npy"), npyFile("|u1", [COUNT, 8, 8, CHANNELS], bands(8)));
  writeFileSync(at("x16.npy"), npyFile("|u1", [COUNT, 16, 16, CHANNELS], bands(16)));
  await writePictures(at("photos"), 4, false);
});
afterAll(() => rmSync(folder, { recursive: true }));

test("a run keeps the layout that was said, and goes on with it", { timeout: 300_000 }, async () => {
  // By its sizes, this would have 16 channels of 8 x 8.
  writeFileSync(
    at("wide.npy"),
    npyFile(
      "|u1",
      [COUNT, 8, 8, 16],
      Uint8Array.from(
        { length: COUNT * 1024 },
        (_, i) => 128 + 100 * Math.sin(i * 0.37 + Math.floor(i / 1024)),
      ),
    ),
  );
  const named = [...runs, "--name", "said"];
  const source = ["--data", at("wide.npy"), "--hold-out", "0.5"];
  const halt = (said: string) => (said.includes("epoch 1/2  mean loss") ? ("interrupt" as const) : undefined);
  const begun = await morlet(
    ["pretrain", ...source, "--layout", "channels-first", ...tiny, ...named, "--checkpoint-every", "1"],
    { watch: halt },
  );
  expect(begun).toMatchObject({ code: 130, out: expect.stringContaining("(8 x 16, 8 channels)") });
  const config = JSON.parse(readFileSync(at("runs", "said", "config.json"), "utf8"));
  expect(config.data).toMatchObject({ layout: "channels-first" });
  const ended = await morlet(["pretrain", "--resume", "said", ...runs]);
  expect(ended).toMatchObject({ code: 0, errors: "", out: expect.stringContaining("(8 x 16, 8 channels)") });
  const embed = (...more: string[]) =>
    morlet(["embed", at("runs", "said"), "--data", at("wide.npy"), "--out", at("said.npy"), ...more]);
  expect((await embed("--layout", "channels-first")).code).toBe(0);
  const other = await embed("--layout", "channels-last");
  expect(other.errors).toContain("it has 16 channels of 8 x 8 (channels-last), not the 8 that are wanted");
});

const vit = "--epochs 1 --batch 8 --blocks 1 --width 8 --heads 2 --locals 0 --hidden 8".split(" ");

describe.each([
  ["scatsimclr", "x8.npy", tiny, "8 x 8"],
  ["dino", "x16.npy", vit, "16 x 16"],
] as const)("%s", { timeout: 300_000 }, (method, file, flags, size) => {
  test("learns from an array of 5 channels, measures, and tells what it has learned", async () => {
    const data = ["--data", at(file), "--hold-out", "0.5"];
    const named = [...runs, "--name", method];
    const { code, out, errors } = await morlet(["pretrain", "--method", method, ...data, ...flags, ...named]);
    expect(errors).toBe("");
    expect(code).toBe(0);
    expect(out).toContain(`8 images (${size}, 5 channels) to learn from, 8 held out`);
    for (const way of ["raw pixels", "scattering alone", "encoder before training", "encoder after training"])
      expect(out).toContain(`\n${way}`);
    const report = readFileSync(at("runs", method, "report.html"), "utf8");
    for (const title of ["Views", "Filters", "Nearest neighbours"]) expect(report).toContain(`${title}</h2>`);
    const encoder = readSafetensors(new Uint8Array(readFileSync(at("runs", method, "encoder.safetensors"))));
    expect(JSON.parse(encoder.metadata.encoder ?? "")).toMatchObject({ channels: CHANNELS });
  });

  test("embeds such images, and no others", async () => {
    const embed = (data: string) =>
      morlet(["embed", at("runs", method), "--data", at(data), "--out", at(`${method}.npy`)]);
    expect((await embed(file)).errors).toBe("");
    const rows = readNpy(new Uint8Array(readFileSync(at(`${method}.npy`))));
    expect(rows.shape[0]).toBe(COUNT);
    expect((await rows.data()).every(Number.isFinite)).toBe(true);
    const sentence = "it has 1 or 3 channels, not the 5 that are wanted";
    expect(await embed("photos")).toMatchObject({ code: 2, errors: expect.stringContaining(sentence) });
    const evaluated = await morlet(["evaluate", at("runs", method), "--data", at("photos")]);
    expect(evaluated).toMatchObject({ code: 2, errors: expect.stringContaining(sentence) });
  });
});
