/**
 * What became of work that was given to the GPU. WebGPU checks it after the call has returned, so a failure is known
 * only later; then it counts for everything that was made from the results meanwhile, too.
 */
export class Outcome {
  error: Error | null = null;
  /** Resolves when `error` says what it will say. */
  readonly settled: Promise<void>;
  #known = false;

  /** `refusal` gives what was wrong, or null; `sources` are the outcomes that the work's operands stand on. */
  constructor(refusal: Promise<Error | null>, sources: Iterable<Outcome | null>) {
    this.settled = this.#settle(refusal, openOf(sources));
  }

  /** The outcome of work that cannot fail by itself: null if nothing that it stands on can either. */
  static after(sources: readonly (Outcome | null)[]): Outcome | null {
    const open = openOf(sources);
    return open.length === 0 ? null : new Outcome(Promise.resolve(null), open);
  }

  get isGood(): boolean {
    return this.#known && this.error === null;
  }

  async #settle(refusal: Promise<Error | null>, sources: readonly Outcome[]): Promise<void> {
    this.error = await refusal;
    for (const source of sources) {
      await source.settled;
      this.error ??= source.error;
    }
    this.#known = true;
  }
}

const openOf = (sources: Iterable<Outcome | null>): Outcome[] =>
  [...new Set(sources)].filter((x): x is Outcome => x !== null && !x.isGood);

/** Ends an error scope: what WebGPU found wrong with the commands of `by`, or null. */
export function refusalOf(gpu: GPUDevice, by: string): Promise<Error | null> {
  return gpu.popErrorScope().then(
    (error) => error && new Error(`${by}: WebGPU refused the work: ${error.message}`),
    // The scope of a lost device; that is noticed elsewhere.
    () => null,
  );
}
