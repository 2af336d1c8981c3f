import type { Tensor } from "../../mod.ts";
import { scaledNormal } from "../nn/init.ts";

/**
 * What the weights of linear layers, tokens and position tables of vision transformers start from: normal with a
 * deviation of 0.02. The reference code cuts it off at -2 and 2, a hundred deviations out: not at all.
 */
export const tokenNormal = (key: Tensor, shape: readonly number[]): Tensor => scaledNormal(key, shape, 0.02);
