import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readNpy, readSafetensors } from "../../io.ts";
import { configureDevice } from "../../mod.ts";
import { nodeGPU } from "../support/host.ts";
import { morlet } from "./host.ts";
import { tiny, writePictures } from "./pictures.ts";

const folder = mkdtempSync(join(tmpdir(), "morlet-run-"));
const at = (...names: string[]) => join(folder, ...names);
const runs = ["--runs", at("runs")];
const DAMAGED = 8;

beforeAll(async () => {
  configureDevice({ gpu: nodeGPU() });
  await writePictures(at("photos"), 24, true);
  // A third of the files is damaged.
  for (let i = 0; i < DAMAGED / 2; i++) {
    writeFileSync(at("photos", "stripes", `empty ${i}.png`), "");
    writeFileSync(at("photos", "checks", `text ${i}.png`), "this is no <picture>");
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const linesOf = (...names: string[]): string[] =>
  readFileSync(at(...names), "utf8")
    .trim()
    .split("\n");

const losses = (name: string): number[] =>
  readFileSync(at("runs", name, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter(({ type }) => type === "step")
    .map(({ loss }) => loss);

const photos = ["--data", at("photos"), "--hold-out", "0.25", "--seed", "3"];

describe("a run from a folder of pictures", { timeout: 300_000 }, () => {
  test("leaves out what is damaged, measures with the folders as classes, and writes all files", async () => {
    const { code, out, errors } = await morlet(["pretrain", ...photos, ...tiny, ...runs, "--name", "whole"]);
    expect(errors).toBe("");
    expect(code).toBe(0);
    expect(out).toContain("18 images (8 x 8) to learn from, 6 held out; 2 classes");
    expect(out).toContain("left out 8 files:");
    expect(out).toMatch(/\n {24} {5}k-NN {3}linear {3}spread\n/);
    for (const name of [
      "raw pixels",
      "scattering alone",
      "encoder before training",
      "encoder after training",
    ]) {
      expect(out).toContain(`\n${name}`);
    }
    expect(out).toMatch(/\nTraining (gained|lost|changed)/);
    const files = readdirSync(at("runs", "whole"));
    expect(files).toEqual(
      expect.arrayContaining(["config.json", "encoder.safetensors", "metrics.jsonl", "report.html"]),
    );
    expect(losses("whole")).toHaveLength(8);
    const report = readFileSync(at("runs", "whole", "report.html"), "utf8");
    expect(report).toContain("8 files were left out");
    expect(report).not.toContain("this is no <picture>");
    const listed = linesOf("runs", "whole", "left-out.txt");
    expect(listed).toHaveLength(DAMAGED);
    expect(listed[0]).toBe("checks/text 0.png: the file is text, not an image");
    expect(out).toContain(`, and ${DAMAGED - 3} more (all in ${at("runs", "whole", "left-out.txt")})\n`);
    expect(out).toMatch(/in .*whole: config.json, .*, report.html, left-out.txt\n$/);
  });

  test("goes on after Ctrl-C with the same losses", async () => {
    const halt = (said: string) =>
      said.includes("epoch 1/2  mean loss") ? ("interrupt" as const) : undefined;
    const args = ["pretrain", ...photos, ...tiny, ...runs, "--checkpoint-every", "1"];
    const first = await morlet([...args, "--name", "halted one"], { watch: halt });
    expect(first.code).toBe(130);
    expect(first.errors).toContain(
      "stopping after this step, with a checkpoint; Ctrl-C again leaves at once",
    );
    expect(first.out).toContain('go on with: morlet pretrain --resume "halted one"');
    const done = losses("halted one").length;
    expect(done).toBeGreaterThanOrEqual(4);
    expect(done).toBeLessThan(8);
    const changes = await morlet(["pretrain", "--resume", "halted one", ...runs, "--data", "emoji"]);
    expect(changes.errors).toContain("this run cannot go on as asked");
    cpSync(at("photos"), at("elsewhere"), { recursive: true });
    const moved = ["--data", at("elsewhere")];
    const second = await morlet(["pretrain", "--resume", "halted one", ...runs, ...moved]);
    expect(second.errors).toBe("");
    expect(second.out).toContain(`going on after step ${done} of 8`);
    expect(losses("halted one")).toEqual(losses("whole"));
    const changed = await morlet(["pretrain", "--resume", "halted one", ...runs, "--rate", "0.5"]);
    expect(changed.code).toBe(2);
    expect(changed.errors).toContain("cannot go on as asked");
  });

  test("embeds images alike from the run, from what was exported, and in every format", async () => {
    const exported = await morlet(["export", at("runs", "whole"), "--out", at("taken")]);
    expect(exported.code).toBe(0);
    expect(exported.out).toContain("(8 x 8 images to 64 numbers)");
    const description = JSON.parse(readFileSync(at("taken", "encoder.json"), "utf8"));
    expect(description).toMatchObject({ method: "ScatSimCLR", size: [8, 8], width: 64, channels: 3 });
    const embed = async (encoder: string, out: string) => {
      const { code, errors } = await morlet(["embed", encoder, "--data", at("photos"), "--out", at(out)]);
      expect(errors).toBe("");
      expect(code).toBe(0);
      return new Uint8Array(readFileSync(at(out)));
    };
    const npy = readNpy(await embed(at("runs", "whole"), "new/folder/a.npy"));
    expect(npy.shape).toEqual([24, 64]);
    const values = await npy.data();
    const names = readFileSync(at("new/folder/a.npy.names.txt"), "utf8").trim().split("\n");
    expect(names).toHaveLength(24);
    const file = readSafetensors(await embed(at("taken", "encoder.safetensors"), "b.safetensors"));
    expect(await file.tensors.embeddings?.data()).toEqual(values);
    expect(JSON.parse(file.metadata.names ?? "")).toEqual(names);
    const csv = new TextDecoder()
      .decode(await embed(at("taken", "encoder.safetensors"), "c.csv"))
      .split("\n");
    expect(csv[0]).toMatch(/^name,class,e0,.*,e63$/);
    const [name, label, ...numbers] = csv[1]!.split(",");
    expect(name).toBe(names[0]);
    expect(label).toBe("checks");
    expect(Float32Array.from(numbers, Number)).toEqual(values.slice(0, 64));
    const checkpoint = await morlet(["export", "whole", ...runs, "--checkpoint", "--out", at("early")]);
    expect(checkpoint.errors).toBe("");
    const early = readNpy(await embed(at("early", "encoder.safetensors"), "d.npy"));
    expect(await early.data()).toEqual(values);
  });

  test("lists all that was left out beside what is written, and where it is asked to", async () => {
    const listed = linesOf("runs", "whole", "left-out.txt");
    const whole = at("runs", "whole");
    const embed = async (data: string) =>
      (await morlet(["embed", whole, "--data", at(data), "--out", at("e.csv")])).out;
    const told = await embed("photos");
    expect(told).toContain(`, and ${DAMAGED - 3} more (all in ${at("e.csv.left-out.txt")})\n`);
    expect(told).toContain(`what was left out is in ${at("e.csv.left-out.txt")}\n`);
    expect(linesOf("e.csv.left-out.txt")).toEqual(listed);
    await writePictures(at("sound"), 3, false);
    expect(await embed("sound")).not.toContain("left out");
    expect(existsSync(at("e.csv.left-out.txt"))).toBe(false);
    const evaluate = async (...more: string[]) =>
      (await morlet(["evaluate", whole, "--data", at("photos"), "--hold-out", "0.25", ...more])).out;
    expect(await evaluate()).toContain(`, and ${DAMAGED - 3} more (--left-out FILE lists all)\n`);
    const list = ["new folder", "list.txt"];
    expect(await evaluate("--left-out", at(...list))).toContain(`more (all in ${at(...list)})\n`);
    expect(linesOf(...list)).toEqual(listed);
  });

  test("says of images that are too small for the encoder what would do", async () => {
    for (const command of ["embed", "evaluate"]) {
      const { code, errors } = await morlet([
        command,
        at("runs", "whole"),
        "--data",
        at("photos"),
        "--size",
        "1",
      ]);
      expect(code).toBe(2);
      expect(errors).toMatch(
        /^morlet: this encoder cannot take images of 1 x 1 \(.*smaller than 2\^J = 2.*\): /,
      );
      expect(errors).toContain("give another --size; it was trained on 8 x 8\n");
    }
  });

  test("is measured again from its encoder, with the same figures", async () => {
    const whole = readFileSync(at("runs", "whole", "report.html"), "utf8");
    const shareOf = (way: string) => new RegExp(`${way}</td><td>([\\d.]+ %)`).exec(whole)?.[1] ?? "nothing";
    const args = ["evaluate", at("runs", "whole"), "--data", at("photos"), "--hold-out", "0.25"];
    const { code, out, errors } = await morlet([...args, "--few-labels", "--sgd-probe", "--published-probe"]);
    expect(errors).toBe("");
    expect(code).toBe(0);
    for (const way of ["raw pixels", "encoder before training", "encoder after training"]) {
      expect(out).toMatch(new RegExp(`${way} +${shareOf(way).replace(".", "\\.")}`));
    }
    expect(out).toContain("Linear classifier of ScatSimCLR's code:");
    expect(out).toContain("Linear classifier by gradient descent");
    expect(out).toContain("mean and deviation of 5 draws");
  });
});

test("images without classes are measured by views that find each other", { timeout: 300_000 }, async () => {
  await writePictures(at("plain"), 12, false);
  const args = ["--data", at("plain"), "--hold-out", "0", ...tiny, ...runs, "--epochs", "1"];
  const { code, out } = await morlet(["pretrain", ...args]);
  expect(code).toBe(0);
  expect(out).toContain("no labels");
  expect(out).toMatch(/\n {24} {5}view {2}of five {3}spread\n/);
  const told = "No images were held out: these are measured on images that were trained on.";
  expect(out).toContain(`\n${told}\n`);
  expect(readFileSync(at("runs", "nano-1", "report.html"), "utf8")).toContain(told);
  expect(readFileSync(at("runs", "whole", "report.html"), "utf8")).not.toContain(told);
});

test("doctor says what it finds", { timeout: 60_000 }, async () => {
  const { code, out } = await morlet(["doctor"]);
  expect(code).toBe(0);
  expect(out).toMatch(/adapter: .*\n/);
  expect(out).toContain("GFLOP/s, and they are right");
  expect(out).toContain("1636 emoji");
});
