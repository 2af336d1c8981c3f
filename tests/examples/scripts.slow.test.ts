// The scripts of examples/scripts, as they are run: bundled, in Node.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../../tools/host/tool.mjs";
import { writePictures } from "../cli/pictures.ts";

const folder = mkdtempSync(join(tmpdir(), "morlet-scripts-"));
const photos = join(folder, "photos");
const encoder = join(folder, "encoder.safetensors");

beforeAll(() => writePictures(photos, 24, false));
afterAll(() => rmSync(folder, { recursive: true }));

/** What a script prints; it must end well, and end at all. */
function printed(name: string, ...args: string[]): string {
  const tool = join(root, "tools", "example.mjs");
  const { status, stdout, stderr } = spawnSync(process.execPath, [tool, name, ...args], {
    cwd: root,
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  tried.add(name);
  return stdout;
}
const tried = new Set<string>();

test("autodiff: Newton's method ends where the valley does", () => {
  const out = printed("autodiff");
  expect(out).toMatch(
    /step 6: \(1\.0000, 1\.0000\), height [\d.]+e-1\d|step 6: \(1\.0000, 1\.0000\), height 0/,
  );
  expect(out).toMatch(/kernels of a step: [1-9], launches: [1-9]\n/);
});

test("differentiable-scattering: an image comes back from its coefficients", () => {
  const out = printed("differentiable-scattering", "80");
  const [noise, recovered] = ["noise", "recovered"].map((name) =>
    Number(new RegExp(`${name}: ([\\d.]+) from`).exec(out)?.[1]),
  ) as [number, number];
  expect(noise).toBeGreaterThan(0.4);
  expect(recovered).toBeLessThan(noise / 3);
});

test("train-your-own-folder, and a search with what it wrote", () => {
  const out = printed("train-your-own-folder", photos, encoder);
  expect(out).toContain("22 images of 8 x 8");
  expect(out).toMatch(/epoch 2: loss \d/);
  expect(out).toContain("Training ");
  const search = printed("embed-and-search", encoder, photos, "picture 7");
  expect(search).toContain("24 images, 1024 numbers each\nnearest to picture 7.png:\n");
  expect(search.match(/^ {2}[01]\.\d{3} {2}picture \d+\.png$/gm)).toHaveLength(5);
});

test("pretrain: the page is served where a browser can open it", async () => {
  const tool = join(root, "tools", "example.mjs");
  const child = spawn(process.execPath, [tool, "pretrain", "--port", "0"], { cwd: root });
  try {
    const said = await new Promise<string>((resolve) => {
      child.stdout.setEncoding("utf8").once("data", resolve);
    });
    const [address = ""] = /http:\/\/localhost:\d+\//.exec(said) ?? [];
    expect(await (await fetch(address)).text()).toContain("Drop a folder");
    for (const name of ["main.js", "worker.js", "data/emoji/index.json"]) {
      expect((await fetch(address + name)).status, name).toBe(200);
    }
  } finally {
    child.kill();
  }
});

test("there is no script that is not run here", () => {
  const names = readdirSync(join(root, "examples", "scripts")).map((file) => file.replace(/\.ts$/, ""));
  expect([...tried].sort()).toEqual(names.sort());
});
