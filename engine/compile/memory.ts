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
  readonly tenants: { tenant: Tenant; offset: number; index: number }[];
}

/**
 * Places values in pools so that values alive at the same time do not overlap. WebGPU allows a buffer only one kind of
 * use within a dispatch, so a kernel's operands and results must lie in different pools: `conflicts` says which.
 * Largest first, each where the pools grow least.
 */
export function planPools(
  tenants: readonly Tenant[],
  conflicts: (a: number, b: number) => boolean,
  maxPoolBytes: number,
): { leases: Lease[]; pools: number[] } {
  const pools: Pool[] = [];
  const leases = new Array<Lease>(tenants.length);
  const bySize = tenants
    .map((_, i) => i)
    .sort((a, b) => (tenants[b] as Tenant).bytes - (tenants[a] as Tenant).bytes || a - b);
  for (const index of bySize) {
    const tenant = tenants[index] as Tenant;
    let best: { pool: number; offset: number; growth: number } | null = null;
    pools.forEach((pool, number) => {
      if (pool.tenants.some((other) => conflicts(index, other.index))) return;
      const offset = firstGap(pool, tenant);
      const end = offset + roundUp(tenant.bytes);
      if (end > maxPoolBytes) return;
      const growth = Math.max(0, end - pool.size);
      if (!best || growth < best.growth) best = { pool: number, offset, growth };
    });
    const chosen: { pool: number; offset: number } = best ?? {
      pool: pools.push({ size: 0, tenants: [] }) - 1,
      offset: 0,
    };
    const pool = pools[chosen.pool] as Pool;
    pool.tenants.push({ tenant, offset: chosen.offset, index });
    pool.size = Math.max(pool.size, chosen.offset + roundUp(tenant.bytes));
    leases[index] = { pool: chosen.pool, offset: chosen.offset };
  }
  return { leases, pools: pools.map((p) => p.size) };
}

/** The lowest offset at which nothing that lives at the same time is in the way. */
function firstGap(pool: Pool, tenant: Tenant): number {
  const taken = pool.tenants
    .filter(({ tenant: t }) => t.first <= tenant.last && tenant.first <= t.last)
    .map(({ tenant: t, offset }) => ({ start: offset, end: offset + roundUp(t.bytes) }))
    .sort((a, b) => a.start - b.start);
  let offset = 0;
  const size = roundUp(tenant.bytes);
  for (const block of taken) {
    if (offset + size <= block.start) break;
    offset = Math.max(offset, block.end);
  }
  return offset;
}
