// Files of images one after the other, as their formats say.

export function idxFile(sizes: readonly number[], data: Uint8Array): Uint8Array {
  const file = new Uint8Array(4 + 4 * sizes.length + data.length);
  const view = new DataView(file.buffer);
  file.set([0, 0, 8, sizes.length]);
  sizes.forEach((size, axis) => {
    view.setUint32(4 + 4 * axis, size);
  });
  file.set(data, 4 + 4 * sizes.length);
  return file;
}

/** Records of CIFAR-10 with some pixels and the labels 0 to 9 in turn. */
export function cifar10File(count: number): Uint8Array {
  const file = Uint8Array.from({ length: count * 3073 }, (_, i) => 20 + ((i * 7) % 200));
  for (let i = 0; i < count; i++) file[i * 3073] = i % 10;
  return file;
}

export function npyFile(
  dtype: string,
  shape: readonly number[],
  data: Uint8Array | Float32Array,
): Uint8Array {
  const text = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${shape.map((size) => `${size},`).join(" ")}), }`;
  const header = `${text.padEnd(117)}\n`;
  const start = Uint8Array.of(0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, header.length, 0);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return Uint8Array.from([...start, ...new TextEncoder().encode(header), ...bytes]);
}
