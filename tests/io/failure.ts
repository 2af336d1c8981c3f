import { expect } from "vitest";
import { FileFormatError } from "../../engine/io/errors.ts";

/** The error with which a file is refused. */
export function failureOf(read: () => unknown): FileFormatError {
  try {
    read();
  } catch (error) {
    if (error instanceof FileFormatError) return error;
    throw error;
  }
  return expect.fail("nothing was thrown");
}
