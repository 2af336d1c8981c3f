// Golden numbers and real images lie in `shared/`, beside or inside the project. A checkout without it skips
// the tests that need it and says so.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, test } from "vitest";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const places = [process.env.MORLET_SHARED, join(root, "..", "shared"), join(root, "shared")];
const found = places.find((place) => place !== undefined && existsSync(place));

/** Path of a file or folder in `shared/`, or undefined where it is absent. */
export function sharedPath(...parts: string[]): string | undefined {
  if (!found) return undefined;
  const path = join(found, ...parts);
  return existsSync(path) ? path : undefined;
}

/** A `describe` that gets the path of a part of `shared/`, or one skipped test that names what is absent. */
export function describeWithShared(name: string, part: string, suite: (path: string) => void): void {
  const path = sharedPath(part);
  describe(name, () => {
    if (path) suite(path);
    else test.skip(`needs shared/${part}, which is not here`, () => {});
  });
}
