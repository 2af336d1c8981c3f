/** A file that is no picture that can be decoded, in plain words. */
export class BadImage extends Error {
  override readonly name = "BadImage";
}
