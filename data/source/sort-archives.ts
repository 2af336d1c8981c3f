import { openArchive } from "../archive/open-archive.ts";
import type { Damage } from "../collection.ts";
import type { Watch } from "./candidates.ts";
import type { InputFile } from "./input-file.ts";
import { type SortedFiles, sortFiles, type Wanted } from "./sort-files.ts";

/** How deep archives may lie in each other: a gzip file in a zip file is no rarity. */
const MAX_DEPTH = 2;

/** Looks into archives, too; but beside pictures they are taken for something else and left alone. */
export async function sortWithArchives(
  files: readonly InputFile[],
  wanted: Wanted,
  watch: Watch,
  depth = 0,
): Promise<SortedFiles> {
  const sorted = await sortFiles(files, wanted, watch);
  const { archives } = sorted;
  if (archives.length === 0) return sorted;
  if (sorted.pictures.length > 0 || depth === MAX_DEPTH) {
    const problem =
      depth === MAX_DEPTH
        ? "an archive in an archive is not opened"
        : "an archive beside images is not opened";
    return {
      ...sorted,
      skipped: [...sorted.skipped, ...archives.map(({ file }) => ({ file: file.name, problem }))],
    };
  }
  const inside: InputFile[] = [];
  const skipped: Damage[] = [];
  for (const { file, kind } of archives) {
    watch.check();
    const contents = await openArchive(file, kind);
    // One archive is its contents; several are told apart by their names.
    const named = <T extends string>(path: T) =>
      archives.length === 1 || kind === "gzip" ? path : `${file.name}/${path}`;
    inside.push(...contents.files.map((each) => ({ ...each, name: named(each.name) })));
    skipped.push(...contents.skipped.map((each) => ({ ...each, file: named(each.file) })));
  }
  inside.sort((a, b) => (a.name < b.name ? -1 : 1));
  const found = await sortWithArchives(inside, wanted, watch, depth + 1);
  return {
    pictures: found.pictures,
    records: [...sorted.records, ...found.records],
    labels: [...sorted.labels, ...found.labels],
    archives: [],
    skipped: [...sorted.skipped, ...skipped, ...found.skipped],
    others: sorted.others + found.others,
  };
}
