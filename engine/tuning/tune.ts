import type { DotTile } from "../../kernels/dot-spec.ts";
import { QUAD_COLUMNS, QUAD_ROWS } from "../../kernels/quads.ts";
import { dotPieces } from "../compile/tiles.ts";
import { compile } from "../compiled.ts";
import type { HostData } from "../core/dtype.ts";
import { KERNELS, type Profile, type TuningTable } from "../core/profile.ts";
import { getDevice, setDevice } from "../current-device.ts";
import { arange } from "../public/creation.ts";
import { createDevice, type Device } from "../runtime/device.ts";
import type { Tensor } from "../tensor.ts";

/** A product of matrices: `f32[batch, m, k]` times `f32[batch, k, n]`. */
export interface DotShape {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** How it lies in memory: "nt" has the right operand as `[batch, n, k]`, "tn" the left as `[batch, k, m]`. Default "nn". */
  readonly form?: "nn" | "nt" | "tn";
}

export interface TuneOptions {
  /** Products to find the best tile for, each on its own; none by default. */
  readonly shapes?: readonly DotShape[];
  /** Measurements of each candidate, of which the fastest counts. Default 7. */
  readonly runs?: number;
  /** Seconds after which no further candidate is begun. Default: as long as it takes. */
  readonly seconds?: number;
  /** Told each candidate and the milliseconds that it took; `null` where the adapter refused it, or computed something else. */
  readonly onCandidate?: (shape: DotShape, tile: DotTile, ms: number | null) => void;
}

/**
 * Times tiles of contractions on the device that work goes to.
 *
 * For each of `shapes` it times the tiles of the adapter's family and keeps the fastest. Where four lanes read each
 * other's registers (SwiftShader), it then measures what a round of each size of tile takes, from which the best tile of
 * every other shape follows. A tile whose results differ from those of the usual plan is not kept.
 *
 * @returns The table, for `keepTuning` or for the option `tuning` of `configureDevice` and `createDevice`.
 *
 * Cost: 10 s or so for the rounds, and one compilation for each candidate of each shape. Nothing else should run.
 *
 * @example
 *   await keepTuning(await tune());
 *   configureDevice({ tuning: keptTuning });
 *
 * Source: engine/tuning/tune.ts.
 */
export async function tune({
  shapes = [],
  runs = 7,
  seconds = Infinity,
  onCandidate,
}: TuneOptions = {}): Promise<TuningTable> {
  const deadline = performance.now() + 1e3 * seconds;
  const device = await getDevice();
  const adapter = device.profile.adapter;
  const timer = (shape: DotShape) => {
    const timeOf = timerOf(device, adapter, shape, runs);
    return async (tile: DotTile): Promise<number | null> => {
      const ms = await timeOf(tile);
      onCandidate?.(shape, tile, ms);
      return ms;
    };
  };
  const dots: Record<string, DotTile> = {};
  for (const shape of shapes) {
    let least = Infinity;
    const time = timer(shape);
    const planned = asPlanned(device.profile, shape);
    for (const tile of candidates(device.profile, planned)) {
      if (performance.now() > deadline) break;
      const ms = await time(tile);
      if (ms === null || ms >= least) continue;
      least = ms;
      dots[keyOf(planned)] = tile;
    }
  }
  const rounds: Record<string, number> = {};
  if (device.profile.quads) {
    for (const tm of QUAD_ROWS) {
      for (const tn of QUAD_COLUMNS) {
        if (performance.now() > deadline) break;
        const time = timer({ batch: 1, m: 16 * tm, n: 132 * tn, k: ROUND_DEPTH });
        const ms = await time({ variant: "quad", tm, tn, quads: 1 });
        if (ms !== null)
          rounds[`${tm}x${tn}`] = Number(((1e6 * ms) / (264 * (ROUND_DEPTH / 4))).toPrecision(3));
      }
    }
  }
  return { adapter, kernels: KERNELS, rounds, dots: dots as unknown as NonNullable<TuningTable["dots"]> };
}

/** Long enough that what surrounds the rounds does not count. */
const ROUND_DEPTH = 1024;

/** Milliseconds that a measurement takes at least, up to a number of products: clocks are coarse, and so is waiting. */
const SHORTEST = 5;
const MOST_PRODUCTS = 64;

/** Share of the largest value by which results of two tiles may differ: they add in another order. */
const TOLERANCE = 1e-4;

const keyOf = ({ batch, m, n, k }: DotShape): string => `${[batch, m, n, k]}`;

/** The sizes that a plan looks for in the table: those of the pieces where it cuts the contracted axis. */
export function asPlanned(profile: Profile, { batch, m, n, k }: DotShape): DotShape {
  let pieces = Math.min(k, dotPieces(profile, { batch, m, n, k }));
  while (k % pieces !== 0) pieces--;
  return { batch: batch * pieces, m, n, k: k / pieces };
}

/** Staged tiles of GPUs: rows, columns and depth of a workgroup, and the sums of a thread. */
const STAGED = [
  [128, 128, 8, 8, 8],
  [128, 128, 16, 8, 8],
  [128, 64, 8, 8, 8],
  [128, 64, 16, 8, 8],
  [64, 128, 16, 8, 8],
  [64, 64, 8, 8, 8],
  [64, 64, 16, 8, 8],
  [64, 64, 16, 4, 4],
  [32, 64, 16, 4, 8],
  [64, 32, 16, 8, 4],
  [32, 32, 16, 4, 4],
] as const;

/** The tiles of the adapter's family that fit the shape. */
export function candidates(profile: Profile, { m, n, k }: DotShape): DotTile[] {
  if (profile.quads) {
    const fits = (tm: number, tn: number) => tm < 2 * m && 4 * tn < 2 * n + 4;
    return QUAD_ROWS.flatMap((tm) =>
      QUAD_COLUMNS.filter((tn) => fits(tm, tn)).map((tn): DotTile => ({ variant: "quad", tm, tn, quads: 1 })),
    );
  }
  const gpu = profile.kind === "gpu";
  const sizes = gpu ? [1, 2, 4] : [1, 2, 4, 8, 16];
  const direct = sizes.flatMap((tm) =>
    sizes
      .filter((tn) => tn <= 8 && tm < 2 * m && tn < 2 * n)
      .map((tn): DotTile => ({ variant: "direct", tm, tn, workgroupSize: gpu ? 64 : 8 })),
  );
  if (!gpu) return direct;
  const staged = STAGED.filter(
    ([bm, bn, bk, tm, tn]) =>
      k >= bk &&
      m >= bm / 2 &&
      n >= bn / 2 &&
      (bm / tm) * (bn / tn) <= profile.maxWorkgroupSize &&
      4 * bk * (bm + bn + 8) <= profile.maxWorkgroupBytes,
  ).map(
    ([bm, bn, bk, tm, tn]): DotTile => ({
      variant: "staged",
      bm,
      bn,
      bk,
      tm,
      tn,
      aAlongK: true,
      bAlongK: false,
    }),
  );
  return m * n <= 1 << 16 ? [...staged, ...direct] : staged;
}

/** Rows and columns of an operand as they lie in memory. */
const asStored = (batch: number, rows: number, columns: number, transposed: boolean): number[] =>
  transposed ? [batch, columns, rows] : [batch, rows, columns];

/**
 * What times one product: milliseconds with a tile, the fastest of a few measurements; null if the adapter refuses the
 * kernel, or if it computes something else than the usual plan does.
 */
function timerOf(
  device: Device,
  adapter: string,
  shape: DotShape,
  runs: number,
): (tile: DotTile) => Promise<number | null> {
  const { batch, m, n, k, form } = shape;
  const key = keyOf(asPlanned(device.profile, shape));
  let expected: HostData | null = null;
  return timeOf;

  /** Of the usual plan where `tile` is null. */
  async function timeOf(tile: DotTile | null): Promise<number | null> {
    if (tile && !expected) await timeOf(null);
    const dots = (tile ? { [key]: tile } : {}) as unknown as NonNullable<TuningTable["dots"]>;
    // The same device with this tile alone.
    const mine = await createDevice({
      device: device.gpu,
      kernels: device.profile.kind,
      tuning: () => ({ adapter, kernels: KERNELS, dots }),
    });
    setDevice(mine);
    const run = compile((a: Tensor, b: Tensor) =>
      (form === "tn" ? a.transpose(-1, -2) : a).matmul(form === "nt" ? b.transpose(-1, -2) : b),
    );
    const operands = [asStored(batch, m, k, form === "tn"), asStored(batch, k, n, form === "nt")].map((of) =>
      arange(of.reduce((x, y) => x * y, 1))
        .cast("f32")
        .sin()
        .reshape(of),
    ) as [Tensor, Tensor];
    const elapsed = async (products: number): Promise<number> => {
      await mine.idle();
      const start = performance.now();
      for (let i = 0; i < products; i++) run(...operands).dispose();
      await mine.idle();
      return (performance.now() - start) / products;
    };
    try {
      // Compiles, too.
      const result = run(...operands);
      const values = await result.data();
      result.dispose();
      expected ??= values;
      if (!tile || !agree(values, expected)) return null;
      const once = await elapsed(1);
      const products = Math.min(MOST_PRODUCTS, Math.max(1, Math.ceil(SHORTEST / once)));
      let best = Infinity;
      for (let r = 0; r < runs; r++) best = Math.min(best, await elapsed(products));
      return best;
    } catch {
      return null;
    } finally {
      for (const x of operands) x.dispose();
      run.dispose();
      mine.destroy();
      setDevice(device);
    }
  }
}

/** Whether two tiles have computed the same, but for rounding. */
export function agree(values: HostData, expected: HostData): boolean {
  const largest = (expected as Float32Array).reduce((most, y) => Math.max(most, Math.abs(y)), 0);
  return (expected as Float32Array).every(
    (y, i) => Math.abs((values[i] as number) - y) <= TOLERANCE * largest,
  );
}
