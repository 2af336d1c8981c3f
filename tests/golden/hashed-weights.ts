// Models of the published sizes with weights that are hashes of their names: the rule is in the metadata of the
// golden files that begin with `full_`.
import { type Tensor, tensor } from "../../mod.ts";
import { mapPaths } from "../../models/nn/tree-paths.ts";

function crc32(text: string): number {
  let crc = -1;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** Values in -1..1 that every float32 has exactly. */
function hashed(name: string, salt: number, count: number, scale: number, shift = 0): Float32Array {
  const seed = crc32(name) ^ salt;
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let x = (seed + Math.imul(i, 0x9e3779b1)) | 0;
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
    x ^= x >>> 16;
    values[i] = shift + scale * ((x >>> 8) * 2 ** -23 - 1);
  }
  return values;
}

function weightOf(name: string, shape: readonly number[], salt: number): Float32Array {
  const count = shape.reduce((a, b) => a * b, 1);
  if (/(pos_embed|cls_token|relative_position_bias_table)$/.test(name))
    return hashed(name, salt, count, 0.25);
  if (shape.length === 1) {
    return name.endsWith(".weight") ? hashed(name, salt, count, 0.125, 1) : hashed(name, salt, count, 0.0625);
  }
  const fanIn = count / (shape[0] as number);
  const exponent = fanIn <= 64 ? 2 : fanIn <= 256 ? 3 : fanIn <= 1024 ? 4 : 5;
  return hashed(name, salt, count, 2 ** -exponent);
}

/** The model with the hash of its name at each path. */
export const withHashedWeights = <M>(model: M, salt: number): M =>
  mapPaths(model, (leaf, path) => tensor(weightOf(path, leaf.shape, salt), { shape: leaf.shape }));

export const hashedImage = (side: number, salt: number): Tensor =>
  tensor(hashed("image", salt, 3 * side * side, 2), { shape: [1, 3, side, side] });
