import { allocateHost, type DType } from "./core/dtype.ts";
import type { Shape } from "./core/shape.ts";
import { openDevice } from "./current-device.ts";
import { storageOf, storedNode } from "./evaluate.ts";
import type { GraphNode } from "./ir/node.ts";
import { Storage } from "./runtime/storage.ts";

const constants = new Map<string, GraphNode>();
const CONSTANTS_KEPT = 128;

/**
 * A table that was computed on the host, such as the weights of an interpolation. The same node for the same key, so
 * that the table is made and uploaded once; the key must tell all that the values depend on.
 */
export function hostConstant(
  key: string,
  shape: Shape,
  make: () => ArrayLike<number>,
  dtype: DType = "f32",
): GraphNode {
  const name = `${key}:${dtype}[${shape}]`;
  let node = constants.get(name);
  if (!node || !isUsable(storageOf(node))) {
    const values = make();
    const host = allocateHost(dtype, values.length);
    host.set(values);
    node = storedNode(new Storage(dtype, host.length, host), shape);
  }
  // Last used, last to go.
  constants.delete(name);
  constants.set(name, node);
  if (constants.size > CONSTANTS_KEPT) constants.delete(constants.keys().next().value as string);
  return node;
}

/** Not when it lies on a device that work no longer goes to. */
function isUsable(storage: Storage): boolean {
  if (storage.disposed || storage.error) return false;
  return storage.device === null || (storage.device === openDevice() && !storage.device.isLost);
}
