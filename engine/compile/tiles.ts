import type { DotTile } from "../../kernels/dot.ts";
import type { Profile } from "../core/profile.ts";
import { dim } from "../core/shape.ts";
import type { Cluster } from "./cluster.ts";

// Sizes of tiles and workgroups: the numbers that measurements change.

export const elementwiseGroup = (_: Profile): number => 64;

/** Whether lanes run over rows or along them. */
export function rowLanes(
  profile: Profile,
  rows: number,
  length: number,
  c: Cluster,
): { lanes: "rows" | "elements"; workgroupSize: number } {
  // Drivers that run on the CPU pay for every barrier: one thread a row is 21 times faster there.
  if (profile.kind === "software") return { lanes: "rows", workgroupSize: rows >= 256 ? 16 : 4 };
  const last = c.domain.length - 1;
  const acrossRows = !c.axes.includes(last) && dim(c.domain, last) >= 32;
  if (length <= 64 || (acrossRows && rows >= profile.parallelism))
    return { lanes: "rows", workgroupSize: 64 };
  let lanes = 32;
  while (lanes < 256 && lanes * 4 <= length) lanes *= 2;
  return { lanes: "elements", workgroupSize: lanes };
}

export interface DotSize {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly aAlongK: boolean;
  readonly bAlongK: boolean;
}

export function chooseDotTile(profile: Profile, size: DotSize): DotTile {
  const { batch, m, n, k, aAlongK, bAlongK } = size;
  if (profile.kind === "software") return directTile(size, 16, 8, 64, 8);
  if (k >= 8 && m >= 64 && n >= 64 && batch * Math.ceil(m / 64) * Math.ceil(n / 64) >= 32) {
    return { variant: "staged", bm: 64, bn: 64, bk: 16, tm: 4, tn: 4, aAlongK, bAlongK };
  }
  if (k >= 8 && m >= 16 && n >= 16)
    return { variant: "staged", bm: 32, bn: 32, bk: 16, tm: 4, tn: 4, aAlongK, bAlongK };
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
