// How large the work of these benches is. peer.py reads the same file, so both libraries do the same.
import sizes from "./sizes.json" with { type: "json" };

/** `f32[m, k]` by `f32[k, n]`; in form "nt" the right operand is stored as `[n, k]`, in "tn" the left as `[k, m]`. */
export interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly form: string;
}

const wanted = process.env.MORLET_GPU_SIZES ?? "full";
if (wanted !== "full" && wanted !== "tiny") throw new Error(`MORLET_GPU_SIZES=${wanted}: use full or tiny`);

/** Those of a real GPU, or with `MORLET_GPU_SIZES=tiny` what a software adapter can do in seconds. */
export const { rounds, repeatFlops, matmul, attention, streaming, vit, swin, scatsimclr } = sizes[wanted];

/** How often a product runs in a round: short ones so often that starting and waiting hardly count. */
export const repeatsOf = ({ m, n, k }: Product): number =>
  Math.min(Math.max(Math.ceil(repeatFlops / (2 * m * n * k)), 4), 64);
