import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readSafetensors } from "../../io.ts";
import { launchChromium } from "../../tools/browser/launch.mjs";
import { serve } from "../../tools/browser/serve.mjs";
import { pretrainPage } from "../../tools/pretrain-page.mjs";
import { writePictures } from "../cli/pictures.ts";

const folder = mkdtempSync(join(tmpdir(), "morlet-page-"));
const pictures = join(folder, "photos");
let browser: Awaited<ReturnType<typeof launchChromium>>;
let server: Awaited<ReturnType<typeof serve>>;

beforeAll(async () => {
  await writePictures(pictures, 40, true);
  writeFileSync(join(pictures, "stripes", "text.png"), "this is no picture");
  server = await serve(await pretrainPage());
  browser = await launchChromium();
}, 120_000);

afterAll(async () => {
  await browser.close();
  server.close();
  rmSync(folder, { recursive: true });
});

type Page = Awaited<ReturnType<typeof browser.open>>;

const settings = "preset=quick&epochs=2&batch=8&stem=8&hidden=16&out=8&view=12&size=16&seed=1";
const text = (page: Page, id: string) => page.evaluate(`document.getElementById("${id}").textContent`);

/** Waits until an expression in the page is true. */
const until = (page: Page, expression: string) =>
  page.evaluate(`new Promise((resolve) => {
    const timer = setInterval(() => {
      if (!(${expression})) return;
      clearInterval(timer);
      resolve(null);
    }, 50);
  })`);

test("learns from a folder that is chosen, shows what was learned, and asks the network for nothing", async () => {
  const requests: string[] = [];
  const page = await browser.open(`${server.url}?${settings}`, { onRequest: (url) => requests.push(url) });
  await until(page, "document.readyState === 'complete' && globalThis.__stop");
  // The worker has loaded, too, once it answers.
  await page.evaluate("new Promise((resolve) => setTimeout(resolve, 500))");
  expect(requests.some((url) => url.endsWith("worker.js"))).toBe(true);
  const loaded = requests.length;
  await page.setFiles("#folder", [pictures]);
  // The browser lists a folder's files before it tells that they are there.
  await until(page, "document.getElementById('choose').hidden");
  // What is dropped onto a run is no second one.
  await page.evaluate(`(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(["no picture"], "other.png"));
    document.dispatchEvent(new DragEvent("drop", { dataTransfer, cancelable: true }));
  })()`);
  await until(page, "globalThis.__done");
  expect(await page.evaluate("__done.error ?? null")).toBe(null);
  expect(await text(page, "notes")).toContain("what was dropped was left alone");
  expect(await text(page, "damage-count")).toBe("1 file could not be used");
  expect(await text(page, "damage-list")).toMatch(/photos\/stripes\/text\.png: /);
  expect(await text(page, "data")).toMatch(/photos: \d+ images \(16 x 16/);
  expect(await page.evaluate("document.querySelectorAll('#curves svg').length")).toBeGreaterThan(0);
  expect(await page.evaluate("document.querySelectorAll('#scores tr').length")).toBe(5);
  expect(await text(page, "verdict")).toBe(await page.evaluate("__done.verdict"));
  expect(await page.evaluate("document.getElementById('report-frame').srcdoc")).toMatch(/Map of the images/);
  // Saving takes bytes that are in the page already.
  const bytes = await page.evaluate(
    "fetch(document.getElementById('encoder').href).then((r) => r.arrayBuffer()).then((b) => [...new Uint8Array(b)])",
  );
  const { tensors } = readSafetensors(Uint8Array.from(bytes as number[]));
  expect(Object.keys(tensors)).toContain("_adapter_network.0.weight");
  expect(requests.slice(loaded).filter((url) => !/^(blob|data|about):/.test(url))).toEqual([]);
  await page.close();
}, 240_000);

const dino =
  "method=dino&epochs=1&batch=8&patch=4&width=8&blocks=1&heads=2&hidden=8&out=16&locals=0&size=16&seed=1&limit=24";

test("looks inside a transformer that it has trained, at an image of one's own, too", async () => {
  const requests: string[] = [];
  const page = await browser.open(`${server.url}?${dino}`, { onRequest: (url) => requests.push(url) });
  await until(page, "document.readyState === 'complete' && globalThis.__stop");
  await page.evaluate("new Promise((resolve) => setTimeout(resolve, 500))");
  const loaded = requests.length;
  expect(await page.evaluate("document.getElementById('method').value")).toBe("dino");
  expect(await page.evaluate("[...document.getElementById('preset').options].map((o) => o.value)")).toContain(
    "dino-nano",
  );
  await page.setFiles("#folder", [pictures]);
  await until(page, "globalThis.__done");
  expect(await page.evaluate("__done.error ?? null")).toBe(null);
  expect(await text(page, "model")).toMatch(/^DINO: /);
  expect(await page.evaluate("document.getElementById('report-frame').srcdoc")).toMatch(
    /Where the encoder looks/,
  );
  await until(page, "document.querySelector('#looks .looks')");
  const heads = "[...document.querySelectorAll('#looks th')].map((each) => each.textContent)";
  expect(await page.evaluate(heads)).toEqual(["image", "holds 60 %", "mean", "head 1", "head 2"]);
  expect(await page.evaluate("document.querySelector('#gallery button').getAttribute('aria-pressed')")).toBe(
    "true",
  );
  // Another of the offered images, then one from elsewhere.
  const first = "JSON.parse(document.getElementById('patch-data').textContent).names[0]";
  const before = await page.evaluate(first);
  await page.evaluate("document.querySelectorAll('#gallery button')[1].click()");
  await until(page, `${first} !== ${JSON.stringify(before)}`);
  await page.setFiles("#look-file", [join(pictures, "checks", "picture 1.png")]);
  await until(page, `${first} === "picture 1.png"`);
  // A click on a patch of it paints all by likeness, and says where the most alike are.
  await page.evaluate(`(() => {
    const box = document.querySelector(".patched");
    const { left, top, width, height } = box.getBoundingClientRect();
    box.dispatchEvent(new MouseEvent("click", { clientX: left + width * 0.6, clientY: top + height * 0.9 }));
  })()`);
  expect(await text(page, "patch-words")).toMatch(/^picture 1\.png, row 4, column 3; most alike elsewhere: /);
  expect(await page.evaluate("document.querySelectorAll('#looks canvas.glow').length")).toBeGreaterThan(1);
  // Patches that are marked in it are carried to the others.
  await page.evaluate("document.querySelectorAll('.marks button')[5].click()");
  await until(
    page,
    "[...document.querySelectorAll('.carried')].every((each) => !each.hidden && each.complete)",
  );
  expect(await page.evaluate("document.querySelectorAll('.carried').length")).toBeGreaterThan(1);
  await page.setFiles("#look-file", [join(pictures, "stripes", "text.png")]);
  await until(page, "/no usable image/.test(document.getElementById('look-words').textContent)");
  expect(requests.slice(loaded).filter((url) => !/^(blob|data|about):/.test(url))).toEqual([]);
  await page.close();
}, 240_000);

test("goes on where it was when the page is closed in the middle of a run", async () => {
  const open = () => browser.open(`${server.url}?${settings.replace("epochs=2", "epochs=40")}`);
  const first = await open();
  await until(first, "globalThis.__stop");
  await first.setFiles("#folder", [pictures]);
  await until(first, "/step (1[2-9]|[2-9]\\d)/.test(document.getElementById('status').textContent)");
  await first.close();
  const second = await open();
  await until(second, "globalThis.__stop");
  await second.setFiles("#folder", [pictures]);
  await until(second, "document.getElementById('notes').textContent !== ''");
  expect(await text(second, "notes")).toMatch(/goes on after step \d+/);
  await second.evaluate("__stop()");
  await until(second, "globalThis.__done");
  expect(await second.evaluate("__done.error ?? null")).toBe(null);
  await second.close();
}, 240_000);

test("says in a sentence what is wrong with the files", async () => {
  const page = await browser.open(`${server.url}?${settings}`);
  await until(page, "globalThis.__stop");
  await page.setFiles("#files", [join(pictures, "stripes", "text.png")]);
  await until(page, "globalThis.__done");
  expect(await page.evaluate("__done.error")).toMatch(/no usable image/);
  expect(await text(page, "status")).toMatch(/no usable image/);
  await page.close();
}, 60_000);
