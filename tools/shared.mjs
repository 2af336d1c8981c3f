// Golden numbers and real images lie in `shared/`, beside or inside the project, or where MORLET_SHARED says; a checkout
// may lack it.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./host/tool.mjs";

const places = [process.env.MORLET_SHARED, join(root, "..", "shared"), join(root, "shared")];
const found = places.find((place) => place !== undefined && existsSync(place));

/**
 * Path of a file or folder in `shared/`, or undefined where it is absent.
 * @param {string[]} parts
 */
export function sharedPath(...parts) {
  if (!found) return undefined;
  const path = join(found, ...parts);
  return existsSync(path) ? path : undefined;
}
