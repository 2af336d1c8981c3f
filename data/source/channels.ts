import type { Damage } from "../collection.ts";
import type { ImageRecords, Layout } from "../formats/records.ts";
import type { PictureFile } from "./pictures.ts";

/** Images as files of their own, or one after the other in a file. */
interface Images {
  readonly pictures: readonly PictureFile[];
  readonly records: readonly ImageRecords[];
}

/** From so many on, channels are neither colours nor opacity. */
const BANDS = 5;

/** What records have by themselves: grey or colours where that is what their channels mean, else as many as there are. */
export function ownChannels(records: readonly ImageRecords[]): number {
  const [{ channels } = { channels: 0 }] = records;
  if (channels >= BANDS) return channels;
  return records.every((each) => each.channels <= 2) ? 1 : 3;
}

/** Grey, colours and their opacity become grey or colours; all else stays as it is. */
const canBecome = (own: number, wanted: number): boolean =>
  own === wanted || (own < BANDS && (wanted === 1 || wanted === 3));

/**
 * Those that can have the wanted channels, and a word about each of the others. Where nobody says what is wanted, it is
 * what most of the images have.
 */
export function withChannels(
  { pictures, records }: Images,
  wanted: "auto" | number,
  layout: Layout,
): Images & { readonly skipped: readonly Damage[] } {
  const channels = wanted === "auto" ? mostCommon({ pictures, records }) : wanted;
  const problem = (own: string) =>
    `it has ${own}, not the ${channels} that are ${wanted === "auto" ? "most common here" : "wanted"}`;
  const fits = ({ channels: own }: ImageRecords) => canBecome(own, channels);
  const picturesFit = canBecome(3, channels);
  const otherRecords = records.filter((each) => !fits(each));
  const otherPictures = picturesFit ? [] : pictures;
  return {
    pictures: picturesFit ? pictures : [],
    records: records.filter(fits),
    skipped: [
      ...otherRecords.map((each) => ({ file: each.file, problem: problem(channelsOf(each, layout)) })),
      ...otherPictures.map(({ file }) => ({ file: file.name, problem: problem("1 or 3 channels") })),
    ],
  };
}

/** Where somebody said which axis they are, that may be what is wrong. */
function channelsOf({ channels, height, width }: ImageRecords, layout: Layout): string {
  const words = `${channels} channel${channels === 1 ? "" : "s"}`;
  return layout === "auto" ? words : `${words} of ${height} x ${width} (${layout})`;
}

/** More channels rather than fewer where as many images have them. */
function mostCommon({ pictures, records }: Images): number {
  const counts = new Map<number, number>([[3, pictures.length]]);
  for (const { channels, count } of records) {
    const kind = channels < BANDS ? 3 : channels;
    counts.set(kind, (counts.get(kind) ?? 0) + count);
  }
  const most = Math.max(...counts.values());
  return Math.max(...[...counts].filter(([, count]) => count === most).map(([channels]) => channels));
}
