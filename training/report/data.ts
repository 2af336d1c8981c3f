import type { ImageSet } from "../../data/images.ts";
import type { Looks } from "../evaluate/dense/looks.ts";
import type { FewLabelPoint } from "../evaluate/few-labels.ts";
import type { Series } from "./chart.ts";

/** All that a report shows. Parts that are empty or null are left out. */
export interface ReportData {
  readonly title: string;
  /** A line or two below the title. */
  readonly about: readonly string[];
  /** What the numbers say, a sentence or two. */
  readonly verdict: string;
  /** The results: the head first; the first cell of a row names it. */
  readonly table: readonly (readonly string[])[];
  /** Number of the column that bars are drawn for, and what it says. */
  readonly bars: { readonly column: number; readonly title: string } | null;
  /** What the columns are, a line each. */
  readonly legend: readonly string[];
  /** By step. */
  readonly loss: readonly Series[];
  /** One small chart each. */
  readonly monitors: readonly { readonly title: string; readonly series: readonly Series[] }[];
  readonly map: ReportMap | null;
  readonly neighbours: ReportNeighbours | null;
  /** Rows of an image and its views. */
  readonly views: { readonly images: ImageSet; readonly views: readonly ImageSet[] } | null;
  readonly filters: readonly ReportPictures[];
  /** Where an encoder with patches looks, and which patches it holds for alike. */
  readonly looks: ReportLooks | null;
  readonly confusion: {
    readonly counts: readonly (readonly number[])[];
    readonly classes: readonly string[];
  } | null;
  readonly fewLabels: readonly { readonly name: string; readonly points: readonly FewLabelPoint[] }[];
  readonly configuration: readonly (readonly [name: string, value: string])[];
  readonly damage: readonly { readonly file: string; readonly problem: string }[];
  /** Advice and warnings of the run. */
  readonly notes: readonly string[];
}

export interface ReportMap {
  readonly images: ImageSet;
  /** `[count, 2]` */
  readonly places: Float32Array;
  readonly names: readonly string[];
  readonly labels: ArrayLike<number> | null;
  readonly classes: readonly string[] | null;
  /** The nearest other images of each, by number. */
  readonly near: readonly (readonly number[])[];
}

export interface ReportNeighbours {
  readonly images: ImageSet;
  readonly names: readonly string[];
  readonly rows: readonly {
    readonly query: number;
    readonly found: readonly {
      readonly index: number;
      readonly similarity: number;
      readonly right?: boolean;
    }[];
  }[];
}

export interface ReportLooks {
  /** Images, as `looks` has seen them. */
  readonly images: ImageSet;
  readonly names: readonly string[];
  readonly looks: Looks;
}

export interface ReportPictures {
  readonly title: string;
  readonly images: ImageSet;
  readonly columns: number;
}
