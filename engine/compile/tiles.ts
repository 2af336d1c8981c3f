import type { AttentionSize, AttentionTile } from "../../kernels/attention-spec.ts";
import type { DotSize, DotTile } from "../../kernels/dot-spec.ts";
import { late } from "../../kernels/late.ts";
import type { RowSpec } from "../../kernels/row-spec.ts";
import type { Profile } from "../core/profile.ts";
import { dim, type Shape, sizeOf } from "../core/shape.ts";
import type { Cluster } from "./cluster.ts";

// Sizes of tiles and workgroups: the numbers that measurements change.

/** Expressions longer than this many nodes are cut: compilers of shaders take long over them and gain nothing. */
export const LONGEST_EXPRESSION = 400;

/** Threads of a workgroup of small elementwise kernels, and of scans. */
export const ELEMENTWISE_GROUP = 64;

/**
 * Elements from which threads of elementwise kernels take several: where starting a thread costs like a load, and on GPUs
 * where starting workgroups of 64 would take longer than what they load.
 */
const MANY = { software: 1 << 15, gpu: 1 << 20 };

/** Elements that a thread of a kernel of so many steps takes side by side, if it takes several. */
export const severalOf = (steps: number): number => (steps <= 64 ? 4 : 1);

/**
 * How threads share the elements of an elementwise kernel. Blocks, in which the threads of a workgroup stay, are four
 * times as many elements as threads, or 0 for none: large workgroups are faster, but not where their elements belong to
 * several channels.
 */
export function elementwiseTile(
  { kind, quads }: Profile,
  domain: Shape,
): { block: number; several: boolean; workgroupSize: number } {
  const length = sizeOf(domain);
  const several = length >= MANY[kind];
  const gpu = kind === "gpu";
  let inner = 1;
  for (let i = domain.length; i > 0 && inner < 256; ) inner *= dim(domain, --i);
  const whole = quads && inner % 1024 === 0 ? 1024 : 256;
  const block = several && !gpu && length % whole === 0 ? whole : 0;
  return { block, several, workgroupSize: block / 4 || (several && gpu ? 256 : ELEMENTWISE_GROUP) };
}

/** Rounds of loops that a thread may do: llvmpipe ends all loops of a thread after 65,535 in all, and says nothing. */
export const longestLoop = ({ kind, quads }: Profile): number =>
  kind === "software" && !quads ? 32768 : Infinity;

/** Neighbouring elements that a load of a GPU should have at least: memory comes in stretches of 32 bytes or more. */
const STRETCH = 8;

/** Elements that are neighbours in memory and belong to different rows; 1 where those of a row are neighbours. */
export function besideRows(shape: Shape, axes: readonly number[]): number {
  let inner = 1;
  for (let i = shape.length; i > 0 && !axes.includes(i - 1); ) inner *= dim(shape, --i);
  return inner;
}

/** Whether threads take rows, or workgroups some that are neighbours, with lanes along them. */
export function rowLanes(
  profile: Profile,
  rows: number,
  length: number,
  c: Cluster,
): Pick<RowSpec, "columns" | "workgroupSize"> {
  const software = profile.kind === "software";
  const beside = software ? 1 : besideRows(c.domain, c.axes);
  // Drivers that run on the CPU pay for every barrier: one thread a row is 21 times faster there. A row may be gone
  // through three times.
  if (length <= (software ? longestLoop(profile) / 2 : 64) || (beside >= 32 && rows >= 1 << 16))
    return { columns: 0, workgroupSize: !software ? 64 : rows >= 256 ? 16 : 4 };
  // As wide as leaves workgroups enough.
  const columns = [32, 16, STRETCH].find((n) => n <= beside && (n === STRETCH || rows >= 128 * n)) ?? 1;
  let lanes = 32;
  while (lanes < 256 && lanes * 4 <= length) lanes *= 2;
  // Rows of 384 have 128 lanes with three elements each, and share their launch with sums of columns.
  return { columns, workgroupSize: columns > 1 ? 128 : lanes };
}

/** Square tiles of GPUs: side, depth, rows and columns of a thread, and workgroups from which one is taken. */
const STAGED = [
  [128, 8, 8, 384],
  [64, 8, 8, 384],
  [64, 16, 4, 32],
  [32, 16, 4, 0],
] as const;

type Size = Pick<DotSize, "batch" | "m" | "n">;

/** Workgroups that squares of such a side are. */
const groupsOf = ({ batch, m, n }: Size, side: number): number =>
  batch * Math.ceil(m / side) * Math.ceil(n / side);

export function chooseDotTile(profile: Profile, size: DotSize): DotTile {
  const { batch, m, n, k, aAlongK, bAlongK } = size;
  const { dots, rounds } = profile.tuning ?? {};
  // Tables are data; `morlet/tune` makes no others than tiles of this adapter's family.
  const tuned = dots?.[`${[batch, m, n, k]}`] as DotTile | undefined;
  if (tuned) return tuned.variant === "staged" ? { ...tuned, aAlongK, bAlongK } : tuned;
  if (profile.quads) return late.quadTile(size, rounds);
  // Mesa compiles 64 sums in 45 ms and 128 in 70, which run a tenth faster: that pays where there is much to do.
  if (profile.kind === "software") return directTile(size, batch * m * n * k < 1 << 21 ? 8 : 16, 8, 64, 8);
  // 64 sums a thread take half of the loads from workgroup memory that 16 do, where enough workgroups are left.
  for (const [side, bk, sums, fewest] of STAGED)
    if (k >= 8 && Math.min(m, n) >= side / (fewest ? 1 : 2) && groupsOf(size, side) >= fewest)
      return { variant: "staged", bm: side, bn: side, bk, tm: sums, tn: sums, aAlongK, bAlongK };
  return directTile(size, 4, 4, 4096, 64);
}

/** The largest tile that wastes little at the edges and leaves `threads` threads. */
function directTile(
  { batch, m, n }: DotSize,
  maxM: number,
  maxN: number,
  threads: number,
  workgroupSize: number,
): DotTile {
  const widest = (size: number, most: number): number => {
    let t = most;
    while (t > 1 && Math.ceil(size / t) * t > size * 1.25) t /= 2;
    return t;
  };
  let tm = widest(m, maxM);
  let tn = widest(n, maxN);
  while (tm * tn > 1 && batch * Math.ceil(m / tm) * Math.ceil(n / tn) < threads) {
    if (tm >= tn) tm /= 2;
    else tn /= 2;
  }
  return { variant: "direct", tm, tn, workgroupSize };
}

/** Pieces that a reduction of so many rows of such a length is cut into; 1 leaves it whole. */
export function reductionPieces(profile: Profile, rows: number, length: number, beside: number): number {
  if (profile.kind === "software")
    return rows < 8 && length >= 8192 ? Math.min(64, Math.floor(length / 1024)) : 1;
  // In workgroups of 32 so many fill a large GPU. A launch more costs as much as lanes spend on 2000 elements of a row.
  if (beside >= STRETCH && length >= 4096) return Math.floor(Math.min(length / 192, 24576 / rows)) || 1;
  if (rows >= 64 || length < 32768) return 1;
  return Math.min(1024, Math.floor(length / 4096));
}

/** Pieces that the contracted axis is cut into. */
export function dotPieces(profile: Profile, { k, ...size }: Size & { k: number }): number {
  const { batch, m, n } = size;
  if (profile.kind === "software")
    return batch * m * n < 32 && k >= 4096
      ? Math.min(64, Math.floor(k / 1024))
      : Math.ceil(k / longestLoop(profile)) || 1;
  // Three or four workgroups for each core of a large GPU; more tiles stay whole, for pieces of them are large, too.
  const tiles = groupsOf(size, 64);
  if (k < 1024 || tiles >= 128) return 1;
  return Math.min(Math.floor(512 / tiles), Math.floor(k / 256), 64);
}

/** Rows and columns of attention that a thread or a workgroup takes at a time. */
export function attentionTile(profile: Profile, size: AttentionSize): AttentionTile {
  if (profile.kind === "software") return late.threadTile(profile, size);
  const inTiles = (n: number, of: number) => Math.ceil(n / of) * of;
  // Windows of 49 tokens and the like are one tile, if each thread has no more than four of a row's sums.
  let rows = inTiles(size.rows, 4);
  let columns = inTiles(size.columns, 4);
  if (Math.max(rows, columns) > 56 || size.deepest > columns) {
    // Four rows of a thread have 16 sums in registers for each time that its columns go into the width: 96 at most.
    columns = [32, 64].find((c) => size.width <= c * 6) ?? 128;
    const most = Math.max(size.rows * 1.25, inTiles(size.rows, 16));
    rows = [64, 32].find((t) => t * columns <= 2048 && inTiles(size.rows, t) <= most) ?? 16;
  }
  return { variant: "group", rows, columns };
}
