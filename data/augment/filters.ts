/** What a result pixel takes of a pixel at some distance, in pixels of the smaller picture. */
export interface Filter {
  /** Beyond this distance there is nothing. */
  readonly support: number;
  weight(distance: number): number;
}

export type FilterName = "bilinear" | "bicubic" | "lanczos";

/** Of Keys' cubic; Pillow's choice. */
const CUBIC = -0.5;

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** The filters of Pillow. */
export const filters: Readonly<Record<FilterName, Filter>> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: {
    support: 2,
    weight: (distance) => {
      const x = Math.abs(distance);
      if (x < 1) return ((CUBIC + 2) * x - (CUBIC + 3)) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * CUBIC : 0;
    },
  },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};
