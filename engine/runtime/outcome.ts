/**
 * What became of work that was given to the GPU. WebGPU checks it after the call has returned, so a failure is known
 * only later; then it counts for everything that was made from the results meanwhile, too.
 */
export class Outcome {
  error: Error | null = null;
  /** Resolves when `error` says what it will say. */
  readonly settled: Promise<void>;
  private known = false;

  /** `refusal` gives what was wrong, or null; `sources` are the outcomes that the work's operands stand on. */
  constructor(refusal: Promise<Error | null>, sources: Iterable<Outcome | null>) {
    const open = [...new Set(sources)].filter((x): x is Outcome => x !== null && !(x.known && !x.error));
    this.settled = this.settle(refusal, open);
  }

  private async settle(refusal: Promise<Error | null>, sources: readonly Outcome[]): Promise<void> {
    this.error = await refusal;
    for (const source of sources) {
      await source.settled;
      this.error ??= source.error;
    }
    this.known = true;
  }
}

/** Ends an error scope: what WebGPU found wrong with the commands of `by`, or null. */
export function refusalOf(gpu: GPUDevice, by: string): Promise<Error | null> {
  return gpu.popErrorScope().then(
    (error) => error && new Error(`${by}: WebGPU refused the work: ${error.message}`),
    // The scope of a lost device; that is noticed elsewhere.
    () => null,
  );
}
