import type { Primitive } from "../../engine/ir/primitive.ts";
import * as binary from "../../engine/ops/binary.ts";
import { attention } from "../../engine/ops/build.ts";
import * as contract from "../../engine/ops/contract.ts";
import * as indexing from "../../engine/ops/indexing.ts";
import * as movement from "../../engine/ops/movement.ts";
import * as reduce from "../../engine/ops/reduce.ts";
import * as scanning from "../../engine/ops/scan.ts";
import * as source from "../../engine/ops/source.ts";
import * as unary from "../../engine/ops/unary.ts";

/** Every primitive, by name: the op table must have an entry for each. */
export const primitives: Readonly<Record<string, Primitive>> = Object.fromEntries(
  [unary, binary, movement, source, reduce, contract, indexing, scanning]
    .flatMap((family): unknown[] => Object.values(family))
    .concat(attention)
    .filter(isPrimitive)
    .map((p) => [p.name, p]),
);

function isPrimitive(x: unknown): x is Primitive {
  return typeof x === "object" && x !== null && "lower" in x && "vjp" in x;
}
