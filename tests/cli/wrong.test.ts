import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { configureDevice } from "../../mod.ts";
import { npyFile } from "../data/array-files.ts";
import { nodeGPU } from "../support/host.ts";
import { morlet } from "./host.ts";
import { writePictures } from "./pictures.ts";

const folder = mkdtempSync(join(tmpdir(), "morlet-wrong-"));
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  configureDevice({ gpu: nodeGPU() });
  mkdirSync(at("empty"));
  mkdirSync(at("junk"));
  writeFileSync(at("junk/a.png"), "no picture");
  writeFileSync(at("file"), "a file");
  writeFileSync(at("x.npy"), npyFile("|u1", [2, 8, 8, 5], new Uint8Array(640)));
  await writePictures(at("three"), 3, false);
  mkdirSync(at("runs/used"), { recursive: true });
  writeFileSync(at("runs/used/config.json"), "{}");
  mkdirSync(at("runs/begun"));
  writeFileSync(at("runs/begun/config.json"), '{"format":"morlet-run","version":1}');
  mkdirSync(at("runs/going"));
  writeFileSync(at("runs/going/config.json"), '{"format":"morlet-run","version":1}');
  writeFileSync(at("runs/going/lock"), `${process.ppid}\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Each with a part of the sentence. */
const wrong: readonly (readonly [args: string, sentence: string])[] = [
  ["pretrian", "there is no command pretrian; did you mean pretrain?"],
  ["fly", "there is no command fly; there are pretrain, embed, evaluate, look, export, tune, doctor"],
  ["pretrain --epoch 3", "there is no flag --epoch; did you mean --epochs?"],
  ["pretrain --recipe nano", "--recipe is gone: give --preset"],
  ["pretrain --epochs three", '--epochs is "three"; it takes a whole number from 1 on'],
  ["pretrain --epochs 0", "from 1 on"],
  ["pretrain --epochs 1.5", "from 1 on"],
  ["pretrain --batch 1", "from 2 on"],
  ["pretrain --seed=-1", "--seed"],
  ["pretrain --rate 0", '--rate is "0"; it takes a number above 0'],
  ["pretrain --preset huge", "there is no preset huge"],
  ["pretrain --method dyno", "there is no method dyno; did you mean dino?"],
  ["pretrain --method dino --preset nano", "--preset nano is of the method scatsimclr: leave --method out"],
  ["pretrain --method dino --scales 2", '--scales is "2", which dino has no place for'],
  ["pretrain --locals 2", '--locals is "2", which scatsimclr has no place for'],
  ["pretrain --method dino --data @/three --batch 2 --heads 5 --hold-out 0", "does not fall into 5 heads"],
  ["pretrain --method esvit --data @/three --batch 2 --small 4 --hold-out 0", "give --small 8 or --locals 0"],
  ["pretrain --method dino --data @/three --batch 2 --micro-batch 1 --hold-out 0", "cuts no batch of dino"],
  ["pretrain --resume begun --method dino", "--method cannot change in a run that goes on"],
  ["pretrain --preset cifar-nono", "did you mean cifar-nano?"],
  ["pretrain --preset cifar-nano", "needs --data with the folder of CIFAR-10"],
  ["pretrain --epochs", "--epochs"],
  ["pretrain photos", '"photos" is one word too many; did you mean --data photos?'],
  ["embed @/file photos", "did you mean --data photos?"],
  ["pretrain --method dino --momentum 1.5", '--momentum is "1.5"; it takes a number above 0 and at most 1'],
  ["pretrain --hold-out 1", "it takes a number from 0 to below 1"],
  ["pretrain --channels 0", '--channels is "0"; it takes a whole number from 1 on'],
  ["pretrain --data @/three --channels 5", "need IDX or npy files of 5 channels"],
  ["pretrain --layout planar", '--layout is "planar"; it takes channels-first or channels-last'],
  ["pretrain --resume begun --layout channels-first", "--layout cannot change in a run that goes on"],
  [
    "pretrain --data @/x.npy --layout channels-first --channels 5",
    "it has 8 channels of 8 x 5 (channels-first), not the 5 that are wanted",
  ],
  ["pretrain --fit wide", "it takes cover or stretch"],
  ["pretrain --checkpoint-every 0", "from 1 on"],
  ["pretrain --data @/nowhere", "there is no such file or folder"],
  ["pretrain --data @/empty", "empty: there is no usable image"],
  ["pretrain --data @/junk", "there is no usable image (a.png:"],
  ["pretrain --data @/three --hold-out 0.6", "give at least 2"],
  ["pretrain --data @/three --batch 50", "no batch of 50: give --batch"],
  ["pretrain --data @/three --batch 2 --micro-batch 3 --hold-out 0", "does not divide the batch of 2"],
  ["pretrain --data @/three --preset nano --batch 2 --scales 4 --hold-out 0", "too small for 4 scales"],
  ["pretrain --name used", "used is there already: go on with it by --resume used, or give another --name"],
  ["pretrain --name ../up", '--name is "../up"'],
  ["pretrain --runs @/file", "file is a file, so runs cannot be kept"],
  ["pretrain --resume gone", "there is no run gone"],
  ["pretrain --resume used", "config.json is no configuration of a run"],
  ["pretrain --resume used --name other", "leave --name out"],
  ["pretrain --resume begun --memory 64", "--memory cannot change in a run that goes on"],
  [
    "pretrain --resume going",
    `the run @/runs/going is going on in process ${process.ppid}: wait for its end`,
  ],
  ["embed", "embed needs ENCODER"],
  ["embed @/runs/used", "embed needs --data"],
  ["embed @/runs/used --data emoji", "there is no encoder.safetensors in"],
  ["embed @/nowhere --data emoji", "there is no encoder"],
  ["embed @/file --data emoji", "@/file is no encoder that can be used: safetensors: "],
  ["embed @/file --data emoji --out x.png", "must end in .npy, .safetensors or .csv"],
  ["evaluate @/file", "evaluate needs --data"],
  ["look", "look needs ENCODER"],
  ["look @/file", "look needs --data"],
  ["look @/file --data emoji --out x.jpg", "its name must end in .png"],
  ["look @/file --data emoji --part 2", '--part is "2"; it takes a number above 0 and at most 1'],
  ["look @/file --data emoji --part 0", '--part is "0"; it takes a number above 0'],
  ["export used --runs @/runs", '"export @/runs/used --checkpoint" takes it from a checkpoint'],
  ["export gone --checkpoint", "there is no run gone"],
  ["doctor now", '"now" is one word too many'],
];

describe("what cannot be meant is a sentence and exit code 2", () => {
  test.each(wrong)("%s", async (args, sentence) => {
    const words = args.replaceAll("@", folder).split(" ");
    const { code, errors } = await morlet([
      ...words,
      ...(words[0] === "pretrain" && !words.includes("--runs") ? ["--runs", at("runs")] : []),
    ]);
    expect(errors).toContain(sentence.replaceAll("@", folder));
    expect(code).toBe(2);
    expect(errors).toMatch(/^morlet: [^\n]*\n$/);
    expect(errors).not.toContain("    at ");
  });
});

describe("help", () => {
  test.each(["pretrain", "embed", "evaluate", "look", "export", "tune", "doctor"])(
    "of %s has its flags and examples",
    async (name) => {
      const { code, out } = await morlet([name, "--help"]);
      expect(code).toBe(0);
      expect(await morlet(["help", name])).toEqual({ code, out, errors: "" });
      expect(out).toContain(`morlet ${name}`);
      expect(out).toContain("--help");
      expect(out).toContain("Examples:");
    },
  );

  test("of all names the commands", async () => {
    const { code, out } = await morlet([]);
    expect(code).toBe(0);
    for (const name of ["pretrain", "embed", "evaluate", "look", "export", "tune", "doctor"])
      expect(out).toContain(`  ${name}`);
  });
});
