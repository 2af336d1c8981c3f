import { describe, expect, test } from "vitest";
import { decodePng } from "../../../data/png.ts";
import { likenessMap } from "../../../training/evaluate/dense/looks.ts";
import { smoothed } from "../../../training/evaluate/dense/smooth.ts";
import { attentionPicture } from "../../../training/report/attention-picture.ts";
import { attentionSection } from "../../../training/report/attention-section.ts";
import { heatColour, heatColours } from "../../../training/report/heat.ts";
import { patchSection, quantised } from "../../../training/report/patch-section.ts";
import { someLooks } from "./looks.ts";

const shown = someLooks(["a", `"><b>`, "c"]);
const addresses = (text: string) => [...text.matchAll(/<img [^>]*src="data:image\/png;base64,([^"]*)"/g)];
const decoded = (base64: string | undefined) =>
  decodePng(new Uint8Array(Buffer.from(base64 as string, "base64")));

describe("maps of attention", () => {
  test("stand in the report beside their images, a pixel for each patch", async () => {
    const html = await attentionSection(shown);
    expect(html).toContain("Where the encoder looks");
    expect(html).toContain("class token");
    expect(html).not.toContain("<b>");
    for (const title of ["image", "holds 60 %", "mean", "head 1", "head 2"])
      expect(html).toContain(`>${title}</th>`);
    const pictures = addresses(html);
    expect(pictures).toHaveLength(3 * 4); // what is kept, the mean and two heads of each
    const [mask, , head] = await Promise.all(pictures.slice(0, 3).map(([, base64]) => decoded(base64)));
    expect([mask?.width, mask?.height]).toEqual([3, 2]);
    const colours = Array.from(head!.data).filter((_, i) => i % 4 < 3);
    expect(colours).toEqual([...heatColours(shown.looks.maps.slice(0, 6))]);
  });

  test("stand beside the likeness to the mean patch where no token looks", async () => {
    const html = await attentionSection({ ...shown, looks: { ...shown.looks, kind: "patches" } });
    const titles = [...html.matchAll(/<th scope="col">([^<]*)/g)].map(([, title]) => title);
    const columns = ["image", "holds 60 %", "mean", "likeness", "head 1", "head 2"];
    expect(titles).toEqual([...columns, ...columns]); // two tables
    const likeness = await decoded(addresses(html)[2]?.[1]);
    // The mean of the patches of the first image is (6, 7, -3, 4) / 6; the cosines of the axes and between are these parts.
    const cosines = [6, 7, 0, 4, 13 / Math.SQRT2, 3].map((part) => part / Math.sqrt(110));
    likenessMap(shown.looks, 0).forEach((value, cell) => {
      expect(value).toBeCloseTo(cosines[cell]!, 6);
    });
    expect(Array.from(likeness!.data).filter((_, i) => i % 4 < 3)).toEqual([
      ...heatColours(likenessMap(shown.looks, 0)),
    ]);
  });

  test("have no mean beside a single head, and are nothing where there is nothing", async () => {
    const { looks } = shown;
    const one = { ...looks, heads: 1, maps: looks.maps.slice(0, 18) };
    const html = await attentionSection({ ...shown, looks: one });
    expect(html).toContain(">head 1</th>");
    expect(html).not.toContain(">mean</th>");
    expect(html).not.toContain("likeness");
    expect(await attentionSection(null)).toBe("");
    expect(await attentionSection({ ...shown, looks: { ...looks, count: 0 } })).toBe("");
  });

  test("are a picture with a row for each image", async () => {
    const { images, looks } = shown;
    const factor = Math.round(128 / 6);
    const [tall, wide] = [4 * factor, 6 * factor];
    const { width, height, channels, data } = attentionPicture(images, looks, { part: 0.5 });
    expect([width, height, channels]).toEqual([5 * (wide + 4) + 4, 3 * (tall + 4) + 4, 3]);
    const at = (x: number, y: number) => [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
    expect(at(0, 0)).toEqual([255, 255, 255]);
    expect(at(4, 4)).toEqual([...images.data.subarray(0, 3)]);
    expect(at(4 + wide - 1, 4 + tall - 1)).toEqual([...images.data.subarray(3 * 23, 3 * 24)]);
    // Light where a head looks most, in its corner of the first map.
    const first = looks.maps.slice(0, 6);
    const [x, y] = [4 + 3 * (wide + 4), 4];
    expect(at(x, y)).toEqual(heatColour(0));
    expect(first[0]).toBe(Math.min(...first));
    // What is not kept is dark.
    const kept = at(4 + wide + 4, 4);
    expect(kept).toEqual([...images.data.subarray(0, 3)].map((value) => Math.round((value * 56) / 255)));
  });
});

describe("patches that are alike", () => {
  test("are painted without a script, too, and their features are in the page", async () => {
    const html = await patchSection(shown);
    expect(addresses(html)).toHaveLength(3);
    expect(html.match(/tabindex="0"/g)).toHaveLength(3);
    expect(html).not.toContain("<b>");
    const json = /<script type="application\/json" id="patch-data">(.*?)<\/script>/s.exec(html)?.[1];
    const content = JSON.parse(json as string);
    expect(content).toMatchObject({ rows: 2, columns: 3, width: 4, names: shown.names });
    const bytes = new Int8Array(Buffer.from(content.features, "base64"));
    expect([...bytes.subarray(0, 24)]).toEqual(
      [
        [127, 0, 0, 0],
        [0, 127, 0, 0],
        [0, 0, 127, 0],
        [0, 0, 0, 127],
        [127, 127, 0, 0],
        [0, 0, -127, 0],
      ].flat(),
    );
  });

  test("are nothing for a single image", async () => {
    const { looks } = shown;
    expect(await patchSection({ ...shown, looks: { ...looks, count: 1 } })).toBe("");
    expect(await patchSection(null)).toBe("");
  });

  test("keep their directions as bytes", () => {
    const rows = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i * i) * (1 + Math.floor(i / 8)));
    const bytes = new Int8Array(quantised(rows, 8).buffer);
    const cosine = (a: ArrayLike<number>, b: ArrayLike<number>) => {
      const dot = (x: ArrayLike<number>, y: ArrayLike<number>) =>
        Array.from(x).reduce((sum, value, i) => sum + value * (y[i] as number), 0);
      return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
    };
    for (let i = 0; i < 8; i++) {
      const of = (x: Float32Array | Int8Array, row: number) => x.subarray(row * 8, row * 8 + 8);
      expect(cosine(of(bytes, 0), of(bytes, i))).toBeCloseTo(cosine(of(rows, 0), of(rows, i)), 2);
    }
    expect([...quantised(new Float32Array(4), 4)]).toEqual([0, 0, 0, 0]);
  });
});

test("maps are enlarged smoothly", () => {
  expect([...smoothed([0, 4], [1, 2], [1, 4])]).toEqual([0, 1, 3, 4]);
  expect([...smoothed([0, 4], [2, 1], [4, 2])]).toEqual([0, 0, 1, 1, 3, 3, 4, 4]);
  expect([...smoothed([7], [1, 1], [2, 2])]).toEqual([7, 7, 7, 7]);
});

test("colours go from dark to light", () => {
  const light = (share: number) => heatColour(share).reduce((a, b) => a + b, 0);
  for (let i = 0; i < 20; i++) expect(light((i + 1) / 20)).toBeGreaterThan(light(i / 20));
  expect([...heatColours([2, 2])]).toEqual([...heatColour(0), ...heatColour(0)]);
  expect(heatColour(7)).toEqual(heatColour(1));
});
