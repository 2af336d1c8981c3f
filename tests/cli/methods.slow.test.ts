// The main job with every method: two steps on a handful of images, then all that is done with an encoder.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readNpy, readSafetensors } from "../../io.ts";
import { configureDevice } from "../../mod.ts";
import { nodeGPU } from "../support/host.ts";
import { morlet } from "./host.ts";

const folder = mkdtempSync(join(tmpdir(), "morlet-methods-"));
const at = (...names: string[]) => join(folder, ...names);
const runs = ["--runs", at("runs")];

beforeAll(() => configureDevice({ gpu: nodeGPU() }));
afterAll(() => rmSync(folder, { recursive: true }));

/** Each with some names of its published files, and the width of its representation. */
const nanos = [
  ["simclr", ["backbone.conv1.weight", "backbone.layer3.0.downsample.0.weight", "l2.bias"], 64],
  ["dino", ["cls_token", "pos_embed", "blocks.0.attn.qkv.weight", "norm.bias"], 64],
  [
    "selfpatch",
    ["backbone.pos_embed", "backbone.blocks.0.mlp.fc1.bias", "ca_head.cls_blocks.1.attn.q.weight"],
    64,
  ],
  ["esvit", ["layers.0.blocks.1.attn.relative_position_bias_table", "layers.0.downsample.norm.weight"], 64],
] as const;

/** Fewer blocks, which are planned sooner. */
const shallow = {
  simclr: [],
  dino: ["--blocks", "1"],
  selfpatch: ["--blocks", "1"],
  esvit: ["--locals", "0"],
};

describe.each(nanos)("%s", (method, names, width) => {
  const name = `${method}-run`;

  test("learns for two steps, and measures", { timeout: 300_000 }, async () => {
    const small = ["--limit", "12", "--batch", "8", "--epochs", "2", ...shallow[method]];
    const args = ["pretrain", "--method", method, "--data", "emoji", ...small, ...runs, "--name", name];
    const { code, out, errors } = await morlet([...args, "--checkpoint-every", "1"]);
    expect(errors).toBe("");
    expect(code).toBe(0);
    expect(out).toContain(`preset ${method}-nano, seed 0: 2 epochs of`);
    expect(out).toMatch(/\nencoder before training .*\nencoder after training /);
    const config = JSON.parse(readFileSync(at("runs", name, "config.json"), "utf8"));
    expect(config).toMatchObject({ preset: `${method}-nano`, recipe: { method, batch: 8 } });
    const report = readFileSync(at("runs", name, "report.html"), "utf8");
    expect(report).toContain("First learned layer");
    const looks = {
      simclr: null,
      dino: "class token",
      selfpatch: "token that sums up",
      esvit: "the mean of all",
    };
    if (looks[method]) expect(report).toContain(looks[method]);
    expect(report.includes("Patches that are alike")).toBe(method !== "simclr");
  });

  test("its encoder has the published names", async () => {
    const file = readSafetensors(readFileSync(at("runs", name, "encoder.safetensors")));
    expect(Object.keys(file.tensors)).toEqual(expect.arrayContaining([...names]));
    expect(Object.keys(file.tensors).filter((tensor) => /head\.|student|optimiser/.test(tensor))).toEqual(
      Object.keys(file.tensors).filter((tensor) => tensor.startsWith("ca_head.")),
    );
    expect(JSON.parse(file.metadata.encoder ?? "")).toMatchObject({ width });
  });

  test("embeds alike from the run, from an export, and from a checkpoint", { timeout: 300_000 }, async () => {
    const rows = async (encoder: string, out: string) => {
      const { code, errors } = await morlet([
        "embed",
        encoder,
        "--data",
        "emoji",
        "--limit",
        "4",
        "--out",
        at(out),
      ]);
      expect(errors).toBe("");
      expect(code).toBe(0);
      const npy = readNpy(new Uint8Array(readFileSync(at(out))));
      expect(npy.shape[1]).toBe(width);
      return npy.data();
    };
    for (const more of [[], ["--checkpoint"]]) {
      const out = ["--out", at(`taken${more.length}-${method}`)];
      expect((await morlet(["export", name, ...runs, ...out, ...more])).errors).toBe("");
    }
    const whole = await rows(at("runs", name), "a.npy");
    expect(await rows(at(`taken0-${method}`, "encoder.safetensors"), "b.npy")).toEqual(whole);
    expect(await rows(at(`taken1-${method}`, "encoder.safetensors"), "c.npy")).toEqual(whole);
    expect(new Set(whole).size).toBeGreaterThan(width);
  });

  test("is measured again from its encoder", { timeout: 300_000 }, async () => {
    const { code, out, errors } = await morlet([
      "evaluate",
      at("runs", name),
      "--data",
      "emoji",
      "--limit",
      "12",
    ]);
    expect(errors).toBe("");
    expect(code).toBe(0);
    expect(out).toMatch(/\nencoder before training .*\nencoder after training /);
  });
});
