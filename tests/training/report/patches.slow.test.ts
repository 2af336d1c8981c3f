// The report in a browser: patches answer to the pointer and to keys, and nothing is asked of the network.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchChromium } from "../../../tools/browser/launch.mjs";
import { reportPage } from "../../../training/report/page.ts";
import { someLooks } from "./looks.ts";
import { nothing } from "./nothing.ts";

const folder = mkdtempSync(join(tmpdir(), "morlet-report-"));
const file = join(folder, "report.html");
let browser: Awaited<ReturnType<typeof launchChromium>>;

beforeAll(async () => {
  const words = { title: "run", about: [], verdict: "", table: [], legend: [] };
  const report = await reportPage({ ...words, ...nothing, looks: someLooks(["one", "two", "three"]) });
  writeFileSync(file, report);
  browser = await launchChromium();
}, 60_000);

afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});

test("the patches of the report are painted for the one that is chosen", async () => {
  const requests: string[] = [];
  const page = await browser.open(pathToFileURL(file).href, { onRequest: (url) => requests.push(url) });
  await page.evaluate(
    "new Promise((done) => document.readyState === 'complete' ? done() : addEventListener('load', done))",
  );
  const found = () => page.evaluate("[...document.querySelectorAll('.found')].map((x) => x.textContent)");
  const press = (image: number, key: string) =>
    page.evaluate(
      `document.querySelectorAll(".patched")[${image}].dispatchEvent(new KeyboardEvent("keydown", { key: "${key}", cancelable: true }))`,
    );
  // The page chooses a patch of the first image.
  expect((await found())[0]).toBe("chosen");
  // Row 2, column 2 of the second image points along -z; its equals are in the others.
  await press(1, "ArrowRight");
  expect(await found()).toEqual(["1.00", "chosen", "1.00"]);
  expect(await page.evaluate("document.getElementById('patch-words').textContent")).toBe(
    "two, row 2, column 2; most alike elsewhere: one row 2, column 3 (1.00); three row 2, column 1 (1.00)",
  );
  await press(1, "ArrowLeft");
  await press(1, "ArrowUp");
  expect(await found()).toEqual(["1.00", "chosen", "1.00"]);
  expect(await page.evaluate("document.getElementById('patch-words').textContent")).toMatch(
    /^two, row 1, column 1/,
  );
  // The colour of a patch says how much it resembles: those that equal are the lightest.
  const colours = `[...document.querySelectorAll("canvas.glow")].map((canvas) =>
    [...canvas.getContext("2d").getImageData(0, 0, 3, 2).data].filter((_, i) => i % 4 === 0))`;
  const [first] = (await page.evaluate(colours)) as number[][];
  expect(first?.indexOf(Math.max(...(first as number[])))).toBe(1);
  // A click keeps a patch, until the next one there; without that the pointer alone chooses.
  const pointer = (kind: string, image: number) =>
    page.evaluate(`(() => {
      const box = document.querySelectorAll(".patched")[${image}];
      const { left, top, width, height } = box.getBoundingClientRect();
      box.dispatchEvent(new PointerEvent("${kind}", { clientX: left + width * 0.9, clientY: top + height * 0.1 }));
    })()`);
  await press(1, "Escape");
  await pointer("click", 2);
  await pointer("pointermove", 0);
  expect(await found()).toEqual(["1.00", "1.00", "chosen"]);
  await pointer("click", 2);
  await pointer("pointermove", 0);
  expect(await found()).toEqual(["chosen", "1.00", "1.00"]);
  await page.close();
  expect(requests.filter((url) => !/^(file|data|about):/.test(url))).toEqual([]);
}, 60_000);
