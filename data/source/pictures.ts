import { type Damage, ImageDataError, reason } from "../collection.ts";
import { BadImage } from "../decode/bad-image.ts";
import type { Target } from "../decode/fit.ts";
import { type ImageHeader, readHeader } from "../decode/header.ts";
import { openPool } from "../decode/pool.ts";
import type { ImageKind } from "../formats/kind.ts";
import type { Candidates, Found, Loaded, Watch } from "./candidates.ts";
import { inOrder } from "./in-order.ts";
import { type InputFile, readWhole } from "./input-file.ts";

/** A file that starts like a picture. */
export interface PictureFile {
  readonly file: InputFile;
  readonly kind: ImageKind;
}

/** Longest side that is chosen for a mixture of sizes. */
const MAX_CHOSEN_SIDE = 96;
/** Bytes in which the header of a photograph usually ends. */
const HEADER_BYTES = 2 ** 16;

/** A picture whose header is sound. */
interface Readable {
  readonly picture: PictureFile;
  readonly header: ImageHeader;
}

/** The same, and where it belongs. */
interface Sorted extends Readable {
  readonly side: "train" | "test";
  readonly className: string | null;
}

/** What a folder of pictures holds: its two sides, classes, and a size that suits. */
export async function findPictures(pictures: readonly PictureFile[], watch: Watch): Promise<Found> {
  const looked = await inOrder(pictures, async (picture): Promise<Readable | Damage> => {
    watch.check();
    try {
      return { picture, header: await headerOf(picture) };
    } catch (error) {
      return { file: picture.file.name, problem: reason(error) };
    }
  });
  const readable = looked.flatMap((each) => ("header" in each ? [each] : []));
  const skipped = looked.flatMap((each) => ("problem" in each ? [each] : []));
  if (readable.length === 0) throw new ImageDataError("none of the images can be read", skipped);
  const sorted = sortByPath(readable);
  const named = new Set(sorted.flatMap(({ className }) => className ?? []));
  const classes = named.size > 1 ? [...named].sort() : []; // one name alone tells nothing apart
  const side = (wanted: "train" | "test") =>
    candidates(
      sorted.filter((each) => each.side === wanted),
      classes,
    );
  const hasTest = sorted.some((each) => each.side === "test");
  const chosen = chooseSize(readable.map(({ header }) => header));
  return {
    train: side("train"),
    test: hasTest ? side("test") : null,
    classes: classes.length > 0 ? classes : null,
    ...chosen,
    channels: readable.every(({ header }) => header.grey) ? 1 : 3,
    skipped,
  };
}

async function headerOf({ file, kind }: PictureFile): Promise<ImageHeader> {
  for (let length = 4096; ; length = length < HEADER_BYTES ? HEADER_BYTES : file.size) {
    const header = readHeader(kind, await file.read(0, Math.min(length, file.size)));
    if (header) return header;
    if (length >= file.size) throw new BadImage("the file was cut: it ends within its header");
  }
}

/** Square, as most models want it: the median shorter side, within bounds. */
function chooseSize(headers: readonly ImageHeader[]): { height: number; width: number } {
  const sides = headers.map(({ width, height }) => Math.min(width, height)).sort((a, b) => a - b);
  const side = Math.min(MAX_CHOSEN_SIDE, sides[sides.length >> 1] as number);
  return { height: side, width: side };
}

const TEST_FOLDERS = ["test", "testing", "val", "valid", "validation"];
const TRAIN_FOLDERS = ["train", "training", "unlabeled", "unlabelled"];

/**
 * Folders say what images are: "train" and "test" (or "val") at the top are the split, the names below them, or at the
 * top without a split, are the classes. A folder that holds everything says nothing.
 */
function sortByPath(readable: readonly Readable[]): Sorted[] {
  const paths = readable.map(({ picture }) => picture.file.name.split("/").slice(0, -1));
  while (paths.every((path) => path.length > 0 && path[0] === paths[0]?.[0])) {
    for (const path of paths) path.shift();
  }
  const tops = new Set(paths.map(([top = ""]) => top.toLowerCase()));
  // "test" rather than "val" where a source has both: then "val" is more to train on.
  const testTop = TEST_FOLDERS.find((name) => tops.has(name));
  const split = testTop !== undefined && TRAIN_FOLDERS.some((name) => tops.has(name));
  return readable.map((each, i) => {
    const path = paths[i] as string[];
    const top = path[0]?.toLowerCase();
    const side = split && top === testTop ? "test" : "train";
    const isSplitFolder = split && top !== undefined && [...TEST_FOLDERS, ...TRAIN_FOLDERS].includes(top);
    const className = (isSplitFolder ? path[1] : path[0]) ?? null;
    return { ...each, side, className };
  });
}

function candidates(sorted: readonly Sorted[], classes: readonly string[]): Candidates {
  const places = new Map(classes.map((name, place) => [name, place]));
  return {
    names: sorted.map(({ picture }) => picture.file.name),
    labels:
      classes.length === 0
        ? null
        : Int32Array.from(sorted, ({ className }) => places.get(className ?? "") ?? -1),
    load: (wanted, target, watch) => decodeAll(sorted, wanted, target, watch),
  };
}

async function decodeAll(
  sorted: readonly Sorted[],
  wanted: readonly number[],
  target: Target,
  watch: Watch,
): Promise<Loaded> {
  const imageBytes = target.height * target.width * target.channels;
  const data = new Uint8Array(wanted.length * imageBytes);
  const problems = new Map<number, string>();
  const pool = await openPool(wanted.length);
  const decode = async (at: number): Promise<void> => {
    const { file, kind } = (sorted[wanted[at] as number] as Sorted).picture;
    try {
      const answer = await pool.run({ kind, bytes: await readWhole(file), target });
      if ("pixels" in answer) data.set(answer.pixels, at * imageBytes);
      else problems.set(at, answer.problem);
    } catch (error) {
      problems.set(at, reason(error));
    }
    watch.step();
  };
  try {
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < wanted.length) {
        watch.check();
        await decode(next++);
      }
    };
    await Promise.all(Array.from({ length: pool.width }, work));
  } finally {
    pool.close();
  }
  return withoutGaps(data, imageBytes, wanted, problems, (at) => {
    return (sorted[wanted[at] as number] as Sorted).picture.file.name;
  });
}

/** Moves the images together where some could not be decoded. */
function withoutGaps(
  data: Uint8Array,
  imageBytes: number,
  wanted: readonly number[],
  problems: ReadonlyMap<number, string>,
  nameAt: (at: number) => string,
): Loaded {
  if (problems.size === 0) return { data, kept: wanted, skipped: [] };
  const kept: number[] = [];
  const skipped: Damage[] = [];
  wanted.forEach((place, at) => {
    const problem = problems.get(at);
    if (problem !== undefined) skipped.push({ file: nameAt(at), problem });
    else {
      data.copyWithin(kept.length * imageBytes, at * imageBytes, (at + 1) * imageBytes);
      kept.push(place);
    }
  });
  return { data: data.slice(0, kept.length * imageBytes), kept, skipped };
}
