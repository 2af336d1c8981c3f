import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ImageCollection, OpenedImages } from "../data/collection.ts";
import type { Encoder } from "../training/encoder-file.ts";
import type { Measured } from "../training/job/measure.ts";
import type { Recipe } from "../training/job/recipe.ts";
import { reportOf } from "../training/job/report-of.ts";
import { grouped } from "../training/job/words.ts";
import { reportPage } from "../training/report/page.ts";
import { METRICS, readMetrics } from "../training/run/metrics-file.ts";
import { replaceFile } from "../training/run/replace-file.ts";
import type { RunConfig } from "./run-folder.ts";

export interface ReportInput {
  readonly name: string;
  readonly data: OpenedImages;
  readonly recipe: Recipe;
  readonly config: RunConfig;
  readonly measured: readonly Measured[];
  readonly images: ImageCollection;
  readonly question: string | null;
  readonly encoder: Encoder;
  /** The model in a line. */
  readonly model: string;
}

/** Writes the report of a run beside its metrics. */
export async function writeReport(path: string, input: ReportInput): Promise<void> {
  const { name, data, recipe, config, measured, images, question, encoder, model } = input;
  const metrics = readMetrics(new Uint8Array(await readFile(join(dirname(path), METRICS))));
  const held = data.test ? `, ${grouped(data.test.images.count)} held out` : "";
  const report = await reportOf({
    ...{ title: name, data, recipe, measured, images, question, metrics, encoder },
    about: [
      `${data.train.name}: ${grouped(data.train.images.count)} images to learn from${held}; no labels were used to learn`,
      model,
    ],
    configuration: [
      ["preset", config.preset],
      ["images", config.data.source],
      ["device", config.device],
      ["started", config.started],
      ...Object.entries({ ...recipe, ...config.data })
        .filter(([key, value]) => value !== null && key !== "source")
        .map(([key, value]): [string, string] => [
          key,
          typeof value === "object" ? JSON.stringify(value) : String(value),
        ]),
    ],
  });
  await replaceFile(path, await reportPage(report));
}
