import { matmul, type Tensor, tensor } from "../../mod.ts";
import type { Embeddings } from "./embeddings.ts";

/** Products of some consecutive queries with the whole gallery. */
export interface SimilarityRows {
  /** Number of the first query. */
  readonly from: number;
  readonly count: number;
  /** `[count, gallery.count]` */
  readonly scores: Float32Array;
}

const MOST_QUERIES = 256;
/** Of a tensor on the device, well below what every adapter binds. */
const MOST_BYTES = 2 ** 25;

/**
 * Products of every query with every row of the gallery, some queries at a time, computed on the device. The gallery
 * stays there; the next rows are computed while the caller looks at these.
 *
 * @throws {RangeError} If the two have rows of different widths.
 *
 * Source: training/evaluate/similarity.ts.
 */
export async function* similarityRows(
  queries: Embeddings,
  gallery: Embeddings,
): AsyncGenerator<SimilarityRows> {
  const { width } = queries;
  if (width !== gallery.width) {
    throw new RangeError(
      `similarityRows: rows of ${width} numbers and of ${gallery.width}; need the same width`,
    );
  }
  if (queries.count === 0) return;
  const rowsAtOnce = Math.max(1, Math.floor(MOST_BYTES / 4 / Math.max(1, width)));
  const parts = blocksOf(gallery, Math.min(rowsAtOnce, gallery.count));
  const size = Math.min(MOST_QUERIES, rowsAtOnce, queries.count);
  const launch = (from: number): Promise<SimilarityRows> => {
    const block = blockOf(queries, from, size);
    const products = parts.map(({ rows }) => matmul(block, rows.transpose()));
    const values = Promise.all(products.map((product) => product.data()));
    return values.then((read) => {
      for (const used of [block, ...products]) used.dispose();
      const count = Math.min(size, queries.count - from);
      return { from, count, scores: beside(read as Float32Array[], parts, count, gallery.count) };
    });
  };
  try {
    let next = launch(0);
    for (let from = 0; from < queries.count; from += size) {
      const rows = await next;
      if (from + size < queries.count) {
        next = launch(from + size);
        next.catch(() => undefined); // it is awaited a turn later
      }
      yield rows;
    }
  } finally {
    for (const { rows } of parts) rows.dispose();
  }
}

interface Block {
  readonly from: number;
  readonly count: number;
  readonly rows: Tensor;
}

function blocksOf(embeddings: Embeddings, size: number): Block[] {
  const blocks: Block[] = [];
  for (let from = 0; from < embeddings.count; from += size) {
    const count = Math.min(size, embeddings.count - from);
    blocks.push({ from, count, rows: blockOf(embeddings, from, size) });
  }
  return blocks;
}

/** `[size, width]` from row `from` on, with zeros behind the last row, so that all blocks have one shape. */
function blockOf({ width, values }: Embeddings, from: number, size: number): Tensor {
  const rows = new Float32Array(size * width);
  rows.set(values.subarray(from * width, (from + size) * width));
  return tensor(rows, { shape: [size, width] });
}

/** The products of each block of the gallery, side by side. */
function beside(
  read: readonly Float32Array[],
  parts: readonly Block[],
  count: number,
  total: number,
): Float32Array {
  const [only] = read;
  if (read.length === 1 && only && parts[0]?.count === total) return only.subarray(0, count * total);
  const scores = new Float32Array(count * total);
  parts.forEach(({ from, count: columns }, p) => {
    const values = read[p] as Float32Array;
    const stride = parts[0]?.count ?? 0; // the first block is full
    for (let i = 0; i < count; i++) {
      scores.set(values.subarray(i * stride, i * stride + columns), i * total + from);
    }
  });
  return scores;
}
