/** Shapes of vision transformers by name: those of the papers, and small ones for small images. */
export const vits = {
  tiny: { width: 192, depth: 12, heads: 3 },
  small: { width: 384, depth: 12, heads: 6 },
  base: { width: 768, depth: 12, heads: 12 },
  /** For images of about 32 pixels with patches of 4. */
  mini: { width: 128, depth: 6, heads: 4 },
  nano: { width: 64, depth: 4, heads: 2 },
} as const;

export type VitName = keyof typeof vits;
