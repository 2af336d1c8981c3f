/** Residual blocks of one width. */
export interface Stage {
  readonly width: number;
  readonly blocks: number;
}

export interface Adapter {
  /** Width of the first convolution. */
  readonly stem: number;
  readonly stages: readonly Stage[];
}

const adapter = (
  stem: number,
  ...stages: readonly (readonly [width: number, blocks: number])[]
): Adapter => ({
  stem,
  stages: stages.map(([width, blocks]) => ({ width, blocks })),
});

/** Adapter networks by name: those of the paper by their number of blocks, and narrow ones for small data. */
export const adapters = {
  scatsimclr8: adapter(32, [64, 4], [128, 4]),
  scatsimclr12: adapter(256, [128, 4], [64, 4], [128, 4]),
  scatsimclr16: adapter(256, [128, 6], [64, 4], [128, 6]),
  scatsimclr30: adapter(256, [128, 30]),
  scatsimclr45: adapter(256, [128, 15], [64, 15], [128, 15]),
  small: adapter(32, [64, 2], [128, 2]),
  nano: adapter(32, [64, 1]),
} as const;

export type AdapterName = keyof typeof adapters;
