/** Shapes of Swin transformers by name: those of the papers, and a small one for small images. */
export const swins = {
  tiny: { width: 96, depths: [2, 2, 6, 2], heads: [3, 6, 12, 24] },
  small: { width: 96, depths: [2, 2, 18, 2], heads: [3, 6, 12, 24] },
  base: { width: 128, depths: [2, 2, 18, 2], heads: [4, 8, 16, 32] },
  large: { width: 192, depths: [2, 2, 18, 2], heads: [6, 12, 24, 48] },
  /** For images of about 32 pixels, with patches of 2 and windows of 4. */
  mini: { width: 48, depths: [2, 2, 2], heads: [3, 6, 12] },
} as const;

export type SwinName = keyof typeof swins;
