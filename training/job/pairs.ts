import type { ImageCollection } from "../../data/collection.ts";

/** Rows of a collection that show the same thing twice: `first[i]` and `second[i]`. */
export interface Pairs {
  readonly first: readonly number[];
  readonly second: readonly number[];
  /** What is asked of them. */
  readonly question: string;
}

/** The held-out emoji by both vendors, which training never learns belong together; null for other images. */
export function emojiPairs({ name, names }: ImageCollection): Pairs | null {
  if (name !== "emoji") return null;
  const noto = new Map<string, number>();
  names.forEach((each, i) => {
    if (each.startsWith("noto ")) noto.set(each.slice("noto ".length), i);
  });
  const first: number[] = [];
  const second: number[] = [];
  names.forEach((each, i) => {
    const other = each.startsWith("twemoji ") ? noto.get(each.slice("twemoji ".length)) : undefined;
    if (other === undefined) return;
    first.push(i);
    second.push(other);
  });
  if (first.length < 2) return null;
  const question = "Held-out emoji: is the nearest Noto drawing of a Twemoji drawing the same emoji?";
  return { first, second, question };
}
