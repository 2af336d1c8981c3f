import type { Aval } from "../../ir/node.ts";
import type { HostTensor } from "../../ir/primitive.ts";
import { eachElement } from "../elementwise.ts";
import * as math from "../reference-math.ts";

const each =
  <P>(value: (args: readonly number[], params: P) => number) =>
  (ins: readonly HostTensor[], params: P, out: Aval): Float64Array =>
    eachElement(ins, out, (args) => value(args, params));

export const erf = each(([x = 0]) => math.erf(x));
export const erfc = each(([x = 0]) => math.erfc(x));
export const threefry = each(
  ([k0 = 0, k1 = 0, c0 = 0, c1 = 0], { word }: { word: 0 | 1 }) => math.threefry2x32(k0, k1, c0, c1)[word],
);
