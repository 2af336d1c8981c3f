import { describe, expect, test } from "vitest";
import type { ImageSet } from "../../../data/images.ts";
import { decodePng } from "../../../data/png.ts";
import { lineChart, short, ticks } from "../../../training/report/chart.ts";
import type { ReportData } from "../../../training/report/data.ts";
import { escaped, scriptData } from "../../../training/report/markup.ts";
import { reportPage } from "../../../training/report/page.ts";
import { encodePng } from "../../../training/report/png.ts";
import { levels, pictureOf, sheetOf } from "../../../training/report/sheet.ts";
import { someLooks } from "./looks.ts";
import { nothing } from "./nothing.ts";

const nasty = `"><script>alert("x")</script><img src=x onerror='y'>&amp;`;

const images: ImageSet = {
  count: 5,
  height: 4,
  width: 6,
  channels: 3,
  data: Uint8Array.from({ length: 5 * 4 * 6 * 3 }, (_, i) => (i * 37) % 256),
};

const data: ReportData = {
  title: nasty,
  about: [nasty],
  verdict: nasty,
  table: [
    ["", nasty],
    ["raw pixels", "40.0 %"],
    [nasty, "80.0 %"],
  ],
  bars: { column: 1, title: nasty },
  legend: [nasty],
  loss: [
    { name: nasty, points: Array.from({ length: 1000 }, (_, i): [number, number] => [i, 5 - i / 1000]) },
  ],
  monitors: [{ title: nasty, series: [{ name: nasty, points: [[1, 2]] }] }],
  map: {
    images,
    places: Float32Array.from({ length: 10 }, (_, i) => i * i),
    names: Array(5).fill(nasty),
    labels: [0, 1, 0, 1, -1],
    classes: [nasty, "other"],
    near: Array(5).fill([0, 1]),
  },
  neighbours: {
    images,
    names: Array(5).fill(nasty),
    rows: [{ query: 0, found: [{ index: 3, similarity: 0.5, right: true }] }],
  },
  views: { images, views: [images] },
  filters: [{ title: nasty, images, columns: 3 }],
  looks: someLooks(Array(3).fill(nasty)),
  confusion: {
    counts: [
      [1, 2],
      [0, 0],
    ],
    classes: [nasty, "other"],
  },
  fewLabels: [{ name: nasty, points: [{ perClass: 1, accuracies: [0.5], mean: 0.5, deviation: 0.1 }] }],
  configuration: [[nasty, nasty]],
  damage: [{ file: nasty, problem: nasty }],
  notes: [nasty],
};

describe("the report", () => {
  test("escapes all text of the user and asks the network for nothing", async () => {
    const page = await reportPage(data);
    expect(page).not.toContain("<script>alert");
    expect(page).not.toContain("<img src=x");
    expect(page).not.toMatch(/(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?\/\//);
    expect(page).toContain("default-src 'none'");
    // The scripts of the page are its own, one of them, and the data of the map and of the patches.
    expect(page.match(/<script/g)).toHaveLength(3);
    for (const title of [
      "What was learned",
      "Training",
      "Map of the images",
      "Nearest neighbours",
      "Views",
    ]) {
      expect(page).toContain(`<h2>${title}</h2>`);
    }
    for (const title of [
      "Where the encoder looks",
      "Patches that are alike",
      "Filters",
      "With few labels",
      "What is taken for what",
      "Configuration",
      "Left out",
    ]) {
      expect(page).toContain(`<h2>${title}</h2>`);
    }
  });

  test("leaves out what there is nothing of", async () => {
    const page = await reportPage({ ...data, ...nothing });
    expect(page.match(/<section/g)).toHaveLength(1);
  });
});

describe("pictures", () => {
  test("are PNG files that decode to the same pixels", async () => {
    for (const channels of [1, 3] as const) {
      const bytes = Uint8Array.from({ length: 9 * 7 * channels }, (_, i) => (i * i * 31) % 256);
      const decoded = await decodePng(await encodePng({ width: 9, height: 7, channels, data: bytes }));
      expect([decoded.width, decoded.height]).toEqual([9, 7]);
      const colours = Array.from(decoded.data).filter((_, i) => i % 4 < channels);
      expect(colours).toEqual(Array.from(bytes));
    }
    await expect(encodePng({ width: 2, height: 2, channels: 1, data: new Uint8Array(3) })).rejects.toThrow(
      "no picture of 2 x 2 x 1",
    );
  });

  test("lie on sheets, shrunk where they are large", async () => {
    const sheet = await sheetOf(images, [0, 1, 2, 3, 4], { most: 3 });
    expect(sheet).toMatchObject({ columns: 3, rows: 2, width: 3, height: 2 });
    const bytes = Buffer.from(sheet.address.split(",")[1]!, "base64");
    const { data: pixels, width } = await decodePng(new Uint8Array(bytes));
    expect(width).toBe(9);
    const block = [0, 1, 6, 7].map((at) => images.data[at * 3]!);
    expect(pixels[0]).toBe(Math.round(block.reduce((a, b) => a + b) / 4));
  });

  test("of other numbers of channels show some of them", () => {
    const four = { count: 1, height: 1, width: 1, channels: 4, data: Uint8Array.of(1, 2, 3, 4) };
    expect([...pictureOf(four, 0).data]).toEqual([1, 2, 3]);
    const two = { ...four, channels: 2, data: Uint8Array.of(7, 8) };
    expect(pictureOf(two, 0)).toMatchObject({ channels: 1, data: Uint8Array.of(7) });
  });

  test("of numbers go from black to white, or around grey", () => {
    expect([...levels([1, 2, 3])]).toEqual([0, 128, 255]);
    expect([...levels([-1, 0, 2], true)]).toEqual([64, 128, 255]);
    expect([...levels([5, 5])]).toEqual([0, 0]);
  });
});

describe("charts", () => {
  test("have round numbers beside them", () => {
    expect(ticks(4.02, 4.68, 5)).toEqual([4, 4.2, 4.4, 4.6, 4.8]);
    expect(ticks(0, 1, 4)).toEqual([0, 0.5, 1]);
    expect(ticks(3, 3, 4)).toHaveLength(3);
    expect([0.001, 0.00012, 12345, 2.5e6, 0].map(short)).toEqual(["0.001", "1.2e-4", "12.3k", "2.5M", "0"]);
  });

  test("average what is too much to draw, and are nothing without points", () => {
    const chart = lineChart(data.loss, { title: "Loss", x: "step" });
    const points = /<polyline[^>]* points="([^"]*)"/.exec(chart)?.[1]?.split(" ");
    expect(points).toHaveLength(400);
    expect(chart).not.toContain("NaN");
    expect(lineChart([{ name: "none", points: [] }], { title: "", x: "" })).toBe("");
  });
});

test("text cannot leave its place", () => {
  expect(escaped(`<a b="c">&'`)).toBe("&#60;a b=&#34;c&#34;&#62;&#38;&#39;");
  expect(scriptData("</script>\u2028")).toBe(`"\\u003c/script\\u003e\\u2028"`);
  expect(JSON.parse(scriptData({ a: "<&>" }))).toEqual({ a: "<&>" });
});
