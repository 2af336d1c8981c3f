/** A run whose loss, or whose gradient, is no finite number any more. The checkpoints before it are good. */
export class DivergedError extends Error {
  override readonly name = "DivergedError";
  /** From 1. */
  readonly step: number;
  /** The op that made the first number that is none, if it was found. */
  readonly op: string | null;

  constructor(step: number, what: string, op: string | null = null, cause?: unknown) {
    const blame = op ? `; ${op} made it` : "";
    super(
      `${what} at step ${step}${blame}; try a smaller learning rate`,
      cause === undefined ? undefined : { cause },
    );
    this.step = step;
    this.op = op;
  }
}
