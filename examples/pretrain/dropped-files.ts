import type { NamedFile } from "./messages.ts";

/** All files of what was dropped, folders walked through, with their paths. To be called while the event is handled. */
export async function droppedFiles(transfer: DataTransfer): Promise<NamedFile[]> {
  // Entries are there only until the handler returns: all are taken before anything is awaited.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry());
  const plain = [...transfer.files];
  const found: NamedFile[] = [];
  for (const entry of entries) if (entry) await walk(entry, found);
  return found.length > 0 ? found : plain.map((file) => ({ path: file.name, file }));
}

/** The files of an input element; those of a folder have their paths below it. */
export const chosenFiles = (files: FileList): NamedFile[] =>
  [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));

async function walk(entry: FileSystemEntry, found: NamedFile[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    found.push({ path: entry.fullPath.replace(/^\//, ""), file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A reader gives a hundred entries at a time, and none when it has told all.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return;
    for (const each of some) await walk(each, found);
  }
}
