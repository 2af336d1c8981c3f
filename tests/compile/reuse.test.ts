// Results that take the place of operands, and how values share pools.
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { planPools, type Tenant } from "../../engine/compile/memory.ts";
import { compile, configureDevice, matmul, relu, type Tensor, tensor, withDebug } from "../../mod.ts";
import { nodeGPU } from "../support/host.ts";
import { drawn } from "./check-program.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const SIZE = 24;
const BYTES = 4 * SIZE * SIZE;
const matrices = Array.from({ length: 4 }, (_, k) =>
  tensor(
    Float32Array.from({ length: SIZE * SIZE }, (_, i) => Math.sin(k + i * i)),
    { shape: [SIZE, SIZE] },
  ),
) as [Tensor, Tensor, Tensor, Tensor];

type Program = (...xs: typeof matrices) => Tensor;

const poolBytes = (f: Program): number =>
  compile(f)
    .plan(...matrices)
    .pools.reduce((a, b) => a + b, 0);

/** The same with each op in a kernel of its own, and kernel by kernel against the reference. */
async function isRight(f: Program): Promise<void> {
  const plan = compile(f);
  const fused = await plan(...matrices).data();
  const apart = await withDebug({ fuse: false }, () => f(...matrices).data());
  expect(Math.max(...fused.map((x, i) => Math.abs(x - (apart[i] as number))))).toBeLessThan(1e-4);
  await withDebug({ compare: true }, () => plan(...matrices).data());
}

describe("a result takes the place of an operand", () => {
  test("which its kernel reads nowhere else, one after the other", async () => {
    const chain: Program = (x, u, v, w) => {
      const first = matmul(x, u);
      const second = matmul(x, v).add(first);
      const third = matmul(x, w).sub(second);
      return matmul(third, w);
    };
    expect(poolBytes(chain)).toBe(BYTES);
    await isRight(chain);
  });

  test("but not if that is read later, or at other places too", async () => {
    const later: Program = (x, u, v, w) => {
      const first = matmul(x, u);
      const second = matmul(x, v).add(first);
      return matmul(matmul(second, w), first);
    };
    const elsewhere: Program = (x, u, v, w) => {
      const first = matmul(x, u);
      return matmul(relu(matmul(first, v)).add(first), w);
    };
    expect(poolBytes(later)).toBe(3 * BYTES);
    expect(poolBytes(elsewhere)).toBe(2 * BYTES);
    await isRight(later);
    await isRight(elsewhere);
  });

  test("and not that of an input or a result", async () => {
    const kept: Program = (x, u, v) => matmul(x, u).add(v);
    const { values } = compile(kept).plan(...matrices);
    expect(values.map(({ place }) => place.kind).sort()).toEqual(["input", "input", "input", "output"]);
    await isRight(kept);
  });
});

describe("pools", () => {
  const tenant = fc.record({
    bytes: fc.integer({ min: 1, max: 5 }).map((n) => n * 1024),
    first: fc.nat(20),
    length: fc.nat(6),
  });
  const tenants = fc
    .array(tenant, { minLength: 1, maxLength: 30 })
    .map((list) => list.map(({ bytes, first, length }): Tenant => ({ bytes, first, last: first + length })));
  const meet = (a: Tenant, b: Tenant): boolean => a.first <= b.last && b.first <= a.last;

  test("never hold two values at once in one place, nor rivals at all, nor more than they may", () => {
    fc.assert(
      fc.property(tenants, fc.nat(5), (list, spread) => {
        const rival = (a: number, b: number) => a !== b && (a * b) % (spread + 2) === 1;
        const { leases, pools } = planPools(list, rival, 16 * 1024);
        leases.forEach((a, i) => {
          const end = a.offset + (list[i] as Tenant).bytes;
          expect(end).toBeLessThanOrEqual(pools[a.pool] as number);
          leases.forEach((b, j) => {
            if (j <= i || a.pool !== b.pool) return;
            expect(rival(i, j)).toBe(false);
            const apart = end <= b.offset || b.offset + (list[j] as Tenant).bytes <= a.offset;
            expect(apart || !meet(list[i] as Tenant, list[j] as Tenant)).toBe(true);
          });
        });
        for (const bytes of pools) expect(bytes).toBeLessThanOrEqual(16 * 1024);
      }),
      drawn(200),
    );
  });

  test("are no larger than what is alive at once, where another order than by size allows it", () => {
    // By size both of 2 lie at the bottom, and those of 1 need two places above them.
    const list: Tenant[] = [
      { bytes: 2 * 1024, first: 1, last: 1 },
      { bytes: 2 * 1024, first: 3, last: 3 },
      { bytes: 1024, first: 0, last: 2 },
      { bytes: 1024, first: 2, last: 4 },
    ];
    const { pools } = planPools(list, () => false, 1 << 20);
    expect(pools).toEqual([3 * 1024]);
  });
});
