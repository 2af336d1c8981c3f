import { type ImageCollection, pickImages } from "../../data/collection.ts";
import type { ImageSet } from "../../data/images.ts";
import { openImages } from "../../data/open-images.ts";
import type { Encoder } from "../../training/encoder-file.ts";
import { type PatchEncoder, patchEncoder } from "../../training/evaluate/dense/look.ts";
import { looksOf } from "../../training/evaluate/dense/looks.ts";
import { attentionSection } from "../../training/report/attention-section.ts";
import { patchSection } from "../../training/report/patch-section.ts";
import { sheetOf, sheetStyle, tileOf } from "../../training/report/sheet.ts";

const OFFERED = 24;
const BESIDE = 5;
const SIDE = 46;

/** What a trained encoder sees in images, as parts of the page: some images of the run to choose from, and the chosen one. */
export class Looking {
  private readonly encoder: PatchEncoder;
  private readonly description: Encoder["description"];
  private readonly images: ImageCollection;

  private constructor(encoder: PatchEncoder, { description }: Encoder, images: ImageCollection) {
    this.encoder = encoder;
    this.description = description;
    this.images = images;
  }

  /** Null where the encoder has no patches to look at. */
  static of(encoder: Encoder, images: ImageCollection): Looking | null {
    const patches = patchEncoder(encoder.model);
    return patches && new Looking(patches, encoder, images);
  }

  /** Buttons with images of the run; `data-image` is the number of each. */
  async gallery(): Promise<string> {
    const { images, names } = this.images;
    const shown = Array.from({ length: Math.min(OFFERED, images.count) }, (_, i) => i);
    const sheet = await sheetOf(images, shown);
    const buttons = shown.map(
      (i) =>
        `<button type="button" data-image="${i}">${tileOf("gallery", sheet, i, names[i] ?? "", SIDE)}</button>`,
    );
    return sheetStyle("gallery", sheet, SIDE) + buttons.join("");
  }

  /**
   * The maps of an image, and its patches beside those of some others.
   *
   * @param chosen Number of an image of the run, or a file with another one.
   * @throws {Error} If the file is no picture; the message says why.
   */
  async at(chosen: number | File): Promise<string> {
    const first = typeof chosen === "number" ? pickImages(this.images, [chosen]) : await this.opened(chosen);
    const { images } = this.images;
    const beside = Array.from({ length: Math.min(images.count, BESIDE + 1) }, (_, i) => i)
      .filter((i) => i !== chosen)
      .slice(0, BESIDE);
    const others = pickImages(this.images, beside);
    const all = joined(first.images, others.images);
    const looks = await looksOf(this.encoder, all, this.description.statistics);
    const shown = { images: all, names: [first.names[0] ?? "", ...others.names], looks };
    const one = { ...shown, looks: { ...looks, count: 1 } };
    return (await attentionSection(one, { side: 120 })) + (await patchSection(shown));
  }

  private async opened(file: File): Promise<ImageCollection> {
    const { height, width, channels } = this.images.images;
    const opened = await openImages([file], { size: [height, width], channels: channels === 1 ? 1 : 3 });
    return pickImages(opened.train, [0]);
  }
}

function joined(first: ImageSet, others: ImageSet): ImageSet {
  const data = new Uint8Array(first.data.length + others.data.length);
  data.set(first.data);
  data.set(others.data, first.data.length);
  return { ...first, count: first.count + others.count, data };
}
