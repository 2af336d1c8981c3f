// A batch that the device has no room for, as the terminal tells it.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { createDevice, setDevice } from "../../mod.ts";
import { faultyDevice } from "../support/faulty-device.ts";
import { nodeGPU } from "../support/host.ts";
import { morlet } from "./host.ts";
import { tiny, writePictures } from "./pictures.ts";

const folder = mkdtempSync(join(tmpdir(), "morlet-no-room-"));
afterAll(() => rmSync(folder, { recursive: true }));
const gpu = nodeGPU(); // lives as long as the device, which needs it

test("goes through the model in pieces without being asked to, and one line says so", {
  timeout: 200_000,
}, async () => {
  await writePictures(join(folder, "photos"), 12, false);
  const raw = (await (await gpu.requestAdapter())?.requestDevice()) as GPUDevice;
  // There is room for the parts of a step, and not for all of it.
  const refuses = (_: number, label: string) => /^scatsimclr: intermediate results/i.test(label);
  setDevice(await createDevice({ device: faultyDevice(raw, { refuses }) }));
  const args = ["--data", join(folder, "photos"), "--runs", folder, "--name", "little", "--no-report"];
  const { code, out, errors } = await morlet(["pretrain", ...tiny, "--batch", "8", ...args]);
  expect(errors).toBe("");
  expect(code).toBe(0);
  expect(out).toMatch(
    /\nnote: 8 images at once do not fit \(out of device memory: [^\n]*\): 4 go through the model/,
  );
  expect(out.match(/do not fit/g)).toHaveLength(1);
  expect(out).toContain("encoder after training");
  const lines = readFileSync(join(folder, "little", "metrics.jsonl"), "utf8")
    .trim()
    .split("\n");
  const steps = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === "step");
  expect(steps.map(({ step }) => step)).toEqual([1, 2]);
});
