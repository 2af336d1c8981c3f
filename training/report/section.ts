import { escaped } from "./markup.ts";

/** A titled box; nothing where there is no content. */
export function section(title: string, content: string, mark = ""): string {
  if (content === "") return "";
  return `<section${mark && ` class="${mark}"`}><h2>${escaped(title)}</h2>${content}</section>`;
}
