import { reason } from "../collection.ts";

/** "deflate-raw" is what zip files hold. */
export type Packing = "gzip" | "deflate-raw";

/** Packed bytes that are damaged, or more than they may be. */
export class InflateError extends Error {
  override readonly name = "InflateError";
}

/**
 * Unpacks bytes, and never more than `most` of them.
 *
 * @throws {InflateError} If the bytes are damaged, end early, or unpack to more.
 */
export async function inflate(
  bytes: Uint8Array<ArrayBuffer>,
  packing: Packing,
  most: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const tooMuch = `it unpacks to more than ${most} bytes`;
  const zlib = await nodeZlib();
  if (!zlib) {
    const { chunks, length, error } = await unpackStream(bytes, packing, most + 1);
    if (length > most) throw new InflateError(tooMuch);
    if (error !== undefined) throw damaged(error);
    return joined(chunks, length);
  }
  const unpack = packing === "gzip" ? zlib.gunzip : zlib.inflateRaw;
  return await new Promise((resolve, reject) => {
    // A thread of Node's own does it. One byte of room more, since nothing may be no bound.
    unpack(bytes, { maxOutputLength: Math.max(1, most) }, (error, result) => {
      if (error)
        reject(
          "code" in error && error.code === "ERR_BUFFER_TOO_LARGE"
            ? new InflateError(tooMuch)
            : damaged(error),
        );
      else if (result.length > most) reject(new InflateError(tooMuch));
      else resolve(plain(result));
    });
  });
}

/**
 * The first bytes of what unpacks, as many as the given start of the packed bytes holds, or `count` of them.
 */
export async function inflateStart(
  start: Uint8Array<ArrayBuffer>,
  packing: Packing,
  count: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const zlib = await nodeZlib();
  if (!zlib) {
    const { chunks, length } = await unpackStream(start, packing, count);
    return joined(chunks, length).subarray(0, count);
  }
  const unpack = packing === "gzip" ? zlib.gunzip : zlib.inflateRaw;
  return await new Promise((resolve, reject) => {
    unpack(start, { finishFlush: zlib.constants.Z_SYNC_FLUSH }, (error, result) => {
      if (error) reject(damaged(error));
      else resolve(plain(result).subarray(0, count));
    });
  });
}

const damaged = (cause: unknown) =>
  new InflateError(`the packed bytes are damaged: ${reason(cause)}`, { cause });

const plain = (buffer: Uint8Array): Uint8Array<ArrayBuffer> =>
  new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.byteLength);

/** Node's own, which is faster there than streams and works in threads. */
async function nodeZlib(): Promise<typeof import("node:zlib") | null> {
  if ("Deno" in globalThis || typeof globalThis.process?.versions?.node !== "string") return null;
  const specifier = "node:zlib"; // a variable, so that bundlers for browsers do not look for the module
  return (await import(/* @vite-ignore */ specifier)) as typeof import("node:zlib");
}

/** Everything up to the end, to damage, or to `enough` bytes. */
async function unpackStream(bytes: Uint8Array<ArrayBuffer>, packing: Packing, enough: number) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream(packing));
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  let error: unknown;
  try {
    while (length < enough) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      length += value.length;
    }
    if (length >= enough) await reader.cancel();
  } catch (thrown) {
    error = thrown ?? "it ends early";
  }
  return { chunks, length, error };
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    result.set(chunk, at);
    at += chunk.length;
  }
  return result;
}
