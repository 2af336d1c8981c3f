/** A value that needs room: its size, when it is alive, and which values must not share a buffer with it. */
export interface Tenant {
  readonly bytes: number;
  /** First and last kernel that touches it. */
  readonly first: number;
  readonly last: number;
}

export interface Lease {
  readonly pool: number;
  readonly offset: number;
}

export const ALIGNMENT = 256;
const roundUp = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

interface Pool {
  size: number;
  /** By offset. */
  readonly tenants: { readonly tenant: Tenant; readonly offset: number }[];
}

interface Packing {
  readonly leases: readonly Lease[];
  readonly pools: readonly number[];
  readonly total: number;
  /** The tenants for which pools grew, in their order. */
  readonly grown: readonly number[];
}

/** Orders that are tried, and how many of those that made the pools grow last come earlier in the next one. */
const ROUNDS = 60;
const PROMOTED = 5;
/** With so much room lost as many orders are tried in about so many pools: more of them are free of rivals then. */
const LOOSE = 1.02;
const POOLS = 8;

/**
 * Places values in pools so that values alive at the same time do not overlap. WebGPU allows a buffer only one kind of
 * use within a dispatch, so a kernel's operands and results must lie in different pools: `conflicts` says which.
 * Largest first, of equals the one with the most conflicts, each where the pools grow least; then in other orders,
 * as long as the pools are larger than what is alive at one time.
 */
export function planPools(
  tenants: readonly Tenant[],
  conflicts: (a: number, b: number) => boolean,
  maxPoolBytes: number,
): { leases: readonly Lease[]; pools: readonly number[] } {
  const rivals = tenants.map((_, a) => tenants.flatMap((_, b) => (conflicts(a, b) ? [b] : [])));
  const bytes = (i: number): number => (tenants[i] as Tenant).bytes;
  const contested = rivals.map((list) => list.reduce((n, i) => n + bytes(i), 0));
  const order = [...tenants.keys()].sort(
    (a, b) => bytes(b) - bytes(a) || (contested[b] as number) - (contested[a] as number) || a - b,
  );
  const least = mostAlive(tenants);
  let last = pack(tenants, rivals, order, maxPoolBytes);
  let best = last;
  for (let round = 1; best.total > (round < ROUNDS ? least : LOOSE * least) && round < 2 * ROUNDS; round++) {
    for (const i of last.grown.slice(-PROMOTED)) {
      const at = order.indexOf(i);
      order.splice(at, 1);
      order.splice(at >> 1, 0, i);
    }
    last = pack(tenants, rivals, order, round < ROUNDS ? maxPoolBytes : least / POOLS);
    if (last.total < best.total) best = last;
  }
  return best;
}

/** The bytes that are alive at one time, at most. */
const mostAlive = (tenants: readonly Tenant[]): number =>
  Math.max(
    0,
    ...tenants.map(({ first: now }) =>
      tenants.reduce((n, t) => (t.first <= now && now <= t.last ? n + roundUp(t.bytes) : n), 0),
    ),
  );

function pack(
  tenants: readonly Tenant[],
  rivals: readonly (readonly number[])[],
  order: readonly number[],
  maxPoolBytes: number,
): Packing {
  const pools: Pool[] = [];
  const leases: Lease[] = [];
  const grown: number[] = [];
  for (const index of order) {
    const tenant = tenants[index] as Tenant;
    const size = roundUp(tenant.bytes);
    const closed = new Set((rivals[index] as readonly number[]).map((i) => leases[i]?.pool));
    let best = { pool: pools.length, offset: 0, growth: Infinity };
    pools.forEach((pool, number) => {
      if (closed.has(number)) return;
      const offset = firstGap(pool, tenant);
      const end = offset + size;
      const growth = Math.max(0, end - pool.size);
      if (end <= maxPoolBytes && growth < best.growth) best = { pool: number, offset, growth };
    });
    const { pool: number, offset, growth } = best;
    const pool = pools[number] ?? { size: 0, tenants: [] };
    pools[number] = pool;
    const at = pool.tenants.findIndex((t) => t.offset > offset);
    pool.tenants.splice(at < 0 ? pool.tenants.length : at, 0, { tenant, offset });
    pool.size = Math.max(pool.size, offset + size);
    if (growth > 0) grown.push(index);
    leases[index] = { pool: number, offset };
  }
  const sizes = pools.map((p) => p.size);
  return { leases, pools: sizes, total: sizes.reduce((a, b) => a + b, 0), grown };
}

/** The lowest offset at which nothing that lives at the same time is in the way. */
function firstGap(pool: Pool, { bytes, first, last }: Tenant): number {
  let offset = 0;
  for (const { tenant: t, offset: start } of pool.tenants) {
    if (t.first > last || first > t.last) continue;
    if (offset + roundUp(bytes) <= start) break;
    offset = Math.max(offset, start + roundUp(t.bytes));
  }
  return offset;
}
