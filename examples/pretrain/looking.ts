import { type ImageCollection, pickImages } from "../../data/collection.ts";
import type { ImageSet } from "../../data/images.ts";
import { openImages } from "../../data/open-images.ts";
import type { Encoder } from "../../training/encoder-file.ts";
import { type PatchEncoder, patchEncoder } from "../../training/evaluate/dense/look.ts";
import { type Looks, looksOf } from "../../training/evaluate/dense/looks.ts";
import { attentionSection } from "../../training/report/attention-section.ts";
import { patchSection } from "../../training/report/patch-section.ts";
import { sheetOf, sheetStyle, tileOf } from "../../training/report/sheet.ts";
import { carriedMasks, carrySection } from "./carrying.ts";

const OFFERED = 24;
const BESIDE = 5;
const MOST_FRAMES = 24;
const SIDE = 46;

/** What a trained encoder sees in images, as parts of the page: some images of the run to choose from, and the chosen one. */
export class Looking {
  private readonly encoder: PatchEncoder;
  private readonly description: Encoder["description"];
  private readonly images: ImageCollection;
  /** Of the images that were looked at last. */
  private shown: Looks | null = null;

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
   * The maps of an image, its patches beside those of others, and a mask to be carried to those.
   *
   * @param chosen Number of an image of the run, or files: several are looked at by themselves, in the order of their names,
   *   and one beside images of the run.
   * @throws {Error} If no file is a picture; the message says why.
   */
  async at(chosen: number | readonly File[]): Promise<string> {
    const { names, images } = await this.withOthers(chosen);
    const looks = await looksOf(this.encoder, images, this.description.statistics);
    const shown = { images, names, looks };
    this.shown = looks;
    const one = { ...shown, looks: { ...looks, count: 1 } };
    return (
      (await attentionSection(one, { side: 120 })) + (await patchSection(shown)) + (await carrySection(shown))
    );
  }

  /** What the images that were looked at last make of patches that are marked in the first of them; see `carriedMasks`. */
  carry(cells: readonly number[]): Promise<string[]> {
    return this.shown ? carriedMasks(this.shown, cells) : Promise.resolve([]);
  }

  private async withOthers(
    chosen: number | readonly File[],
  ): Promise<Pick<ImageCollection, "names" | "images">> {
    const given = typeof chosen === "number" ? pickImages(this.images, [chosen]) : await this.opened(chosen);
    if (given.images.count > 1) return given;
    const beside = Array.from({ length: Math.min(this.images.images.count, BESIDE + 1) }, (_, i) => i)
      .filter((i) => i !== chosen)
      .slice(0, BESIDE);
    const others = pickImages(this.images, beside);
    return { names: [...given.names, ...others.names], images: joined(given.images, others.images) };
  }

  private async opened(files: readonly File[]): Promise<ImageCollection> {
    const { height, width, channels } = this.images.images;
    const { train } = await openImages(files, { size: [height, width], channels });
    const order = Array.from(train.names.keys()).sort((a, b) =>
      (train.names[a] as string).localeCompare(train.names[b] as string, "en", { numeric: true }),
    );
    return pickImages(train, order.slice(0, MOST_FRAMES));
  }
}

function joined(first: ImageSet, others: ImageSet): ImageSet {
  const data = new Uint8Array(first.data.length + others.data.length);
  data.set(first.data);
  data.set(others.data, first.data.length);
  return { ...first, count: first.count + others.count, data };
}
