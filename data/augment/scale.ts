import { floor, type Tensor } from "../../mod.ts";

/** The numbers that a chain of operations works on. */
export interface Scale {
  /** What white is. */
  readonly white: number;
  /** Whether operations round to whole numbers, as libraries for 8-bit images do. */
  readonly whole: boolean;
  /** Cuts off the fraction. */
  cut(x: Tensor): Tensor;
  /** To the nearest whole number, halves up. */
  nearest(x: Tensor): Tensor;
  /** Within black and white. */
  clamp(x: Tensor): Tensor;
}

const same = (x: Tensor): Tensor => x;

/** 0 to 1, any number between. */
export const continuous: Scale = {
  white: 1,
  whole: false,
  cut: same,
  nearest: same,
  clamp: (x) => x.clip({ min: 0, max: 1 }),
};

/** 0 to 255, whole numbers. */
export const bytes: Scale = {
  white: 255,
  whole: true,
  cut: floor,
  nearest: (x) => floor(x.add(0.5)),
  clamp: (x) => x.clip({ min: 0, max: 255 }),
};
