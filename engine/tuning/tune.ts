import type { DotTile } from "../../kernels/dot-spec.ts";
import { QUAD_COLUMNS, QUAD_ROWS } from "../../kernels/quads.ts";
import { compile } from "../compiled.ts";
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
}

export interface TuneOptions {
  /** Products to find the best tile for, each on its own; none by default. */
  readonly shapes?: readonly DotShape[];
  /** Runs of each candidate, of which the fastest counts. Default 7. */
  readonly runs?: number;
  /** Told each candidate and the milliseconds that it took; `null` where the adapter refused it. */
  readonly onCandidate?: (shape: DotShape, tile: DotTile, ms: number | null) => void;
}

/** How the table of an adapter names it. */
export const adapterName = (adapter: Device["adapter"]): string => Object.values(adapter).join(" ").trim();

/**
 * Times tiles of contractions on the device that work goes to.
 *
 * Where four lanes read each other's registers (SwiftShader), it measures what a round of each size of tile takes,
 * from which the best tile of every shape follows. For each of `shapes`, on any adapter, it times the tiles of its
 * family and keeps the fastest.
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
export async function tune({ shapes = [], runs = 7, onCandidate }: TuneOptions = {}): Promise<TuningTable> {
  const device = await getDevice();
  const adapter = adapterName(device.adapter);
  const time = async (shape: DotShape, tile: DotTile): Promise<number | null> => {
    const ms = await timeOf(device, adapter, shape, tile, runs);
    onCandidate?.(shape, tile, ms);
    return ms;
  };
  const rounds: Record<string, number> = {};
  if (device.profile.quads) {
    for (const tm of QUAD_ROWS) {
      for (const tn of QUAD_COLUMNS) {
        const shape = { batch: 1, m: 16 * tm, n: 132 * tn, k: ROUND_DEPTH };
        const ms = await time(shape, { variant: "quad", tm, tn, quads: 1 });
        if (ms !== null)
          rounds[`${tm}x${tn}`] = Number(((1e6 * ms) / (264 * (ROUND_DEPTH / 4))).toPrecision(3));
      }
    }
  }
  const dots: Record<string, DotTile> = {};
  for (const shape of shapes) {
    let least = Infinity;
    for (const tile of candidates(device.profile, shape)) {
      const ms = await time(shape, tile);
      if (ms === null || ms >= least) continue;
      least = ms;
      dots[keyOf(shape)] = tile;
    }
  }
  return { adapter, kernels: KERNELS, rounds, dots: dots as unknown as NonNullable<TuningTable["dots"]> };
}

/** Long enough that what surrounds the rounds does not count. */
const ROUND_DEPTH = 1024;

const keyOf = ({ batch, m, n, k }: DotShape): string => `${[batch, m, n, k]}`;

/** The tiles of the adapter's family that fit the shape. */
export function candidates(profile: Profile, { m, n, k }: DotShape): DotTile[] {
  if (profile.quads) {
    const fits = (tm: number, tn: number) => tm < 2 * m && 4 * tn < 2 * n + 4;
    return QUAD_ROWS.flatMap((tm) =>
      QUAD_COLUMNS.filter((tn) => fits(tm, tn)).map((tn): DotTile => ({ variant: "quad", tm, tn, quads: 1 })),
    );
  }
  const sizes = [1, 2, 4, 8, 16];
  const direct = sizes.flatMap((tm) =>
    sizes
      .filter((tn) => tn <= 8 && tm < 2 * m && tn < 2 * n)
      .map((tn): DotTile => ({ variant: "direct", tm, tn, workgroupSize: profile.kind === "gpu" ? 64 : 8 })),
  );
  if (profile.kind === "software") return direct;
  const staged: DotTile[] = [];
  for (const [bm, bn] of [
    [32, 32],
    [32, 64],
    [64, 32],
    [64, 64],
    [128, 64],
    [64, 128],
    [128, 128],
  ] as const) {
    for (const bk of [8, 16, 32]) {
      for (const [tm, tn] of [
        [4, 4],
        [8, 4],
        [4, 8],
        [8, 8],
      ] as const) {
        const threads = (bm / tm) * (bn / tn);
        if (threads < 32 || threads > profile.maxWorkgroupSize || k < bk || m < bm / 2 || n < bn / 2)
          continue;
        if (4 * bk * (bm + bn + 2) > profile.maxWorkgroupBytes) continue;
        staged.push({ variant: "staged", bm, bn, bk, tm, tn, aAlongK: true, bAlongK: false });
      }
    }
  }
  return [...direct.filter(({ variant }) => variant === "direct" && m * n <= 1 << 16), ...staged];
}

/** Milliseconds of one product with a tile: the fastest of a few runs; null if the adapter refuses the kernel. */
async function timeOf(
  device: Device,
  adapter: string,
  shape: DotShape,
  tile: DotTile,
  runs: number,
): Promise<number | null> {
  const { batch, m, n, k } = shape;
  const dots = { [keyOf(shape)]: tile } as unknown as NonNullable<TuningTable["dots"]>;
  // The same device with this tile alone.
  const mine = await createDevice({
    device: device.gpu,
    kernels: device.profile.kind,
    tuning: () => ({ adapter, kernels: KERNELS, dots }),
  });
  setDevice(mine);
  const run = compile((a: Tensor, b: Tensor) => a.matmul(b));
  const operands = [
    [batch, m, k],
    [batch, k, n],
  ].map((of) =>
    arange(batch * k * (of[2] === k ? m : n))
      .cast("f32")
      .sin()
      .reshape(of),
  ) as [Tensor, Tensor];
  try {
    let best = Infinity;
    for (let r = 0; r <= runs; r++) {
      await mine.idle();
      const start = performance.now();
      run(...operands).dispose();
      await mine.idle();
      // The first run compiles.
      if (r > 0) best = Math.min(best, performance.now() - start);
    }
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
