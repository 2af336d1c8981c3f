/** A decoded image: 8 bits a channel, not premultiplied, upright, rows from the top. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** `[height, width, 4]`: red, green, blue, opacity. */
  readonly data: Uint8Array | Uint8ClampedArray;
}
