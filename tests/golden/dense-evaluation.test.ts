// Evaluation of patches and regions, and of retrieval, against independent reference values.
import { describe, expect } from "vitest";
import {
  attentionMask,
  averagePrecision,
  contourAccuracy,
  correspondence,
  type Embeddings,
  enlarged,
  labelsOfPixels,
  meanAveragePrecision,
  propagateLabels,
  ranking,
  regionSimilarity,
  similarities,
  whitening,
} from "../../training/mod.ts";
import { relativeDistance } from "./closeness.ts";
import { type Golden, goldenTest } from "./golden-file.ts";
import { configOf } from "./vit-config.ts";

const embeddings = (file: Golden, name: string): Embeddings => {
  const [count = 0, width = 0] = file.array(name).shape;
  return { count, width, values: Float32Array.from(file.values(name)) };
};

describe("golden evaluation", () => {
  goldenTest("dino/attention_mask", "the patches that hold most of the attention", async (file) => {
    const { side, heads } = configOf<{ side: number; heads: number }>(file);
    const size = side * side;
    for (let head = 0; head < heads; head++) {
      const row = file.values("input.attention").subarray(head * size, (head + 1) * size);
      for (const percent of [60, 80]) {
        const want = file.values(`mask_${percent}`).subarray(head * size, (head + 1) * size);
        expect([...attentionMask(row, percent / 100)]).toEqual([...want]);
      }
      const large = file.values("upsampled_4").subarray(head * size * 16, (head + 1) * size * 16);
      expect([...enlarged(row, [side, side], 4)]).toEqual([...large]);
    }
  });

  goldenTest("dino/propagation", "labels carried through a video", async (file) => {
    const config =
      configOf<
        Record<"h" | "w" | "frames" | "n_last" | "radius" | "topk" | "factor" | "temperature", number>
      >(file);
    const grid = [config.h, config.w] as const;
    const frames = Array.from({ length: config.frames }, (_, t) => ({
      features: Float32Array.from(file.values(`input.frame.${t}`)),
    }));
    const options = {
      grid,
      frames: config.n_last,
      radius: config.radius,
      top: config.topk,
      temperature: config.temperature,
    };
    let t = 0;
    for (const labels of propagateLabels(
      frames,
      Float32Array.from(file.values("input.first_seg")),
      options,
    )) {
      t++;
      expect(relativeDistance(labels, file.values(`soft.${t}`))).toBeLessThan(1e-5);
      const { stretched, classes } = labelsOfPixels(labels, grid, config.factor);
      expect(relativeDistance(stretched, file.values(`norm.${t}`))).toBeLessThan(1e-5);
      expect([...classes]).toEqual([...file.values(`label.${t}`)]);
    }
    expect(t).toBe(config.frames - 1);
  });

  goldenTest("dino/davis_measure", "region similarity and contour accuracy", async (file) => {
    const { size, count } = configOf<{ size: [number, number]; count: number }>(file);
    const pixels = size[0] * size[1];
    for (let i = 0; i < count; i++) {
      const of = (name: string) => file.values(name).subarray(i * pixels, (i + 1) * pixels);
      const [prediction, truth] = [of("input.prediction"), of("input.truth")];
      expect(regionSimilarity(prediction, truth)).toBeCloseTo(file.values("out.j")[i] as number, 6);
      expect(contourAccuracy(prediction, truth, size)).toBeCloseTo(file.values("out.f")[i] as number, 6);
    }
  });

  goldenTest("dino/retrieval", "ranks, average precision and whitening", async (file) => {
    const [database, queries] = [embeddings(file, "input.database"), embeddings(file, "input.queries")];
    const ranks = ranking(queries, database);
    ranks.forEach((row, q) => {
      const want = Array.from(row, (_, i) => file.values("out.ranks")[i * queries.count + q]);
      expect([...row]).toEqual(want);
    });
    const truth = ranks.map((_, q) => ({
      ok: file.values(`input.ok.${q}`),
      junk: file.values(`input.junk.${q}`),
    }));
    ranks.forEach((row, q) => {
      expect(averagePrecision(row, truth[q] as (typeof truth)[number])).toBeCloseTo(
        file.values("out.ap")[q]!,
        6,
      );
    });
    expect(meanAveragePrecision(ranks, truth)).toBeCloseTo(file.values("out.map")[0] as number, 6);
    const whiten = whitening(embeddings(file, "input.whitening_features"));
    const cosines = similarities(whiten(queries), whiten(database));
    expect(relativeDistance(cosines, file.values("out.whitened_similarity"))).toBeLessThan(1e-5);
  });

  goldenTest("esvit/correspondence", "regions that find themselves in the mirror", async (file) => {
    const found = correspondence(embeddings(file, "input.first"), embeddings(file, "input.second"));
    expect([...found.best]).toEqual([...file.values("out.best")]);
    expect(relativeDistance(found.similarity, file.values("out.similarity"))).toBeLessThan(1e-5);
    expect([...found.top]).toEqual([...file.values("out.top10")]);
    expect(relativeDistance(found.distance, file.values("out.distance"))).toBeLessThan(1e-5);
    expect(found.accuracy).toBeCloseTo(file.values("out.accuracy")[0] as number, 6);
  });
});
