import type { ImageCollection } from "../../data/collection.ts";
import type { Encoder } from "../encoder-file.ts";
import { patchEncoder } from "../evaluate/dense/look.ts";
import { looksOf } from "../evaluate/dense/looks.ts";
import type { ReportLooks } from "../report/data.ts";
import { someOf } from "./measure.ts";

const SHOWN = 8;

/** What an encoder sees in some images; null for one without patches. */
export async function looksShown(
  { model, description }: Encoder,
  collection: ImageCollection,
): Promise<ReportLooks | null> {
  const encoder = patchEncoder(model);
  if (!encoder) return null;
  const { images, names } = someOf(collection, SHOWN, collection.images.count);
  return { images, names, looks: await looksOf(encoder, images, description.statistics) };
}
