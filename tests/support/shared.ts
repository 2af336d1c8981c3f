// A checkout without `shared/` skips the tests that need it and says so.
import { describe, test } from "vitest";
import { sharedPath } from "../../tools/shared.mjs";

export { sharedPath };

/** A `describe` that gets the path of a part of `shared/`, or one skipped test that names what is absent. */
export function describeWithShared(name: string, part: string, suite: (path: string) => void): void {
  const path = sharedPath(part);
  describe(name, () => {
    if (path) suite(path);
    else test.skip(`needs shared/${part}, which is not here`, () => {});
  });
}
