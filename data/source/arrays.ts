import { type Damage, ImageDataError } from "../collection.ts";
import { fitImage, overBackground, type Target } from "../decode/fit.ts";
import type { ImageRecords, LabelList } from "../formats/records.ts";
import type { Candidates, Found, Loaded, Watch } from "./candidates.ts";
import { ownChannels } from "./channels.ts";

/** Labels that came as a file, with the names of the classes where the format has them. */
export type Labels = LabelList & { readonly classes?: readonly string[] };

/** What files of images one after the other hold, with their labels. */
export function findRecords(records: readonly ImageRecords[], labels: readonly Labels[]): Found {
  const skipped = records.flatMap((each) => each.skipped);
  const labelled = pair(records, labels, skipped).filter(({ count }) => count > 0);
  const [first] = labelled;
  if (!first) throw new ImageDataError("the files hold no image", skipped);
  const classes = classesOf(labelled);
  const ofSide = (test: boolean) => labelled.filter(({ side }) => (side === "test") === test);
  const hasBoth = ofSide(true).length > 0 && ofSide(false).length > 0;
  return {
    train: candidates(hasBoth ? ofSide(false) : labelled, classes !== null),
    test: hasBoth ? candidates(ofSide(true), classes !== null) : null,
    classes,
    height: first.height,
    width: first.width,
    channels: ownChannels(labelled),
    skipped,
  };
}

/** Gives each file of images the labels that belong to it, by name, or because there is one of each. */
function pair(
  records: readonly ImageRecords[],
  labels: readonly Labels[],
  skipped: Damage[],
): ImageRecords[] {
  const unused = new Set(labels);
  const result = records.map((each) => {
    if (each.labels) return each;
    const fits =
      records.length === 1 && labels.length === 1
        ? labels[0]
        : labels.find(({ file }) => stem(file) === stem(each.file));
    if (!fits) return each;
    unused.delete(fits);
    const { values } = fits;
    // A file of images that was cut still has the labels of those that are there.
    if (values.length < each.count || (values.length > each.count && each.skipped.length === 0)) {
      const problem = `it has ${values.length} labels, and ${each.file} has ${each.count} images`;
      skipped.push({ file: fits.file, problem });
      return each;
    }
    return { ...each, labels: values.slice(0, each.count), classes: fits.classes ?? null };
  });
  for (const { file } of unused)
    skipped.push({ file, problem: "there are no images that these labels belong to" });
  return result;
}

/** What names of images and of their labels have in common: "train-images-idx3-ubyte" and "train-labels-idx1-ubyte". */
const stem = (file: string): string =>
  file
    .toLowerCase()
    .replace(/images?|labels?|targets?|data|idx\d|(?<![a-z])[xy](?![a-z])/g, "")
    .replace(/[^a-z0-9/]+/g, "");

function classesOf(records: readonly ImageRecords[]): readonly string[] | null {
  if (records.every(({ labels }) => labels === null)) return null;
  const named = records.find(({ classes }) => classes !== null)?.classes ?? [];
  let most = -1;
  for (const { labels } of records) {
    for (const label of labels ?? []) most = Math.max(most, label);
  }
  return Array.from({ length: Math.max(named.length, most + 1) }, (_, i) => named[i] ?? String(i));
}

/** Images of a file that are read at once. */
const READ_AT_ONCE = 256;

function candidates(records: readonly ImageRecords[], labelled: boolean): Candidates {
  const names: string[] = [];
  const labels: number[] = [];
  const starts: number[] = [];
  for (const { file, names: given, count, labels: own } of records) {
    starts.push(names.length);
    for (let i = 0; i < count; i++) {
      names.push(given?.[i] ?? `${file}#${i}`);
      labels.push(own?.[i] ?? -1);
    }
  }
  const load = async (wanted: readonly number[], target: Target, watch: Watch): Promise<Loaded> => {
    const imageBytes = target.height * target.width * target.channels;
    const data = new Uint8Array(wanted.length * imageBytes);
    for (const [r, each] of records.entries()) {
      const start = starts[r] as number;
      // Places in the file, and where their images go.
      const own = wanted.map((place, to) => ({ at: place - start, to }));
      const inside = own.filter(({ at }) => at >= 0 && at < each.count);
      for (let i = 0; i < inside.length; ) {
        watch.check();
        const from = (inside[i] as { at: number }).at;
        const to = Math.min(each.count, from + READ_AT_ONCE);
        const block = await each.read(from, to);
        for (let next = inside[i]; next && next.at >= from && next.at < to; next = inside[++i]) {
          data.set(asTarget(block, next.at - from, each, target), next.to * imageBytes);
          watch.step();
        }
      }
    }
    return { data, kept: wanted, skipped: [] };
  };
  return { names, labels: labelled ? Int32Array.from(labels) : null, load };
}

/** One image of a block in the channels and the size that are wanted. */
function asTarget(block: Uint8Array, index: number, from: ImageRecords, target: Target): Uint8Array {
  const bytes = from.height * from.width * from.channels;
  const image = block.subarray(index * bytes, (index + 1) * bytes);
  return fitImage(converted(image, from.channels, target), from, target);
}

/** As they are, or as grey or colours over the background. */
function converted(image: Uint8Array, from: number, { channels, background }: Target): Uint8Array {
  if (from === channels) return image;
  const colours = from <= 2 ? 1 : 3;
  const opaque = from === colours ? image : overBackground(image, background, colours);
  return inColours(opaque, colours, channels === 1 ? 1 : 3);
}

function inColours(image: Uint8Array, from: 1 | 3, to: 1 | 3): Uint8Array {
  if (from === to) return image;
  const pixels = image.length / from;
  const result = new Uint8Array(pixels * to);
  for (let i = 0; i < pixels; i++) {
    if (from === 1) result.fill(image[i] as number, 3 * i, 3 * i + 3);
    else {
      const [r, g, b] = [image[3 * i], image[3 * i + 1], image[3 * i + 2]] as [number, number, number];
      result[i] = (r * 19595 + g * 38470 + b * 7471 + 32768) >> 16;
    }
  }
  return result;
}
