import type { KernelSpec } from "../../../kernels/kernel.ts";
import { dim, sizeOf } from "../../core/shape.ts";
import type { GraphNode } from "../../ir/node.ts";
import { ELEMENTWISE_GROUP } from "../tiles.ts";
import type { KernelBody } from "./kernel-body.ts";

/** Running sums, products, maxima or minima along an axis. */
export function scanSpec(body: KernelBody): KernelSpec {
  const c = body.c;
  const s = body.s;
  const hero = c.heroes[0] as GraphNode;
  const { axis, combine, reverse } = hero.params as {
    axis: number;
    combine: "sum" | "prod" | "max" | "min";
    reverse: boolean;
  };
  const length = dim(hero.shape, axis);
  const along = s.index.variable(1, length);
  const at = c.row.map((e, i) =>
    i === axis ? (reverse ? s.index.offset(s.index.scale(along, -1), length - 1) : along) : e,
  );
  const value = body.pull(hero.inputs[0] as GraphNode, at);
  const rows = sizeOf(hero.shape) / length;
  const store = body.storeOf(hero, at, value);
  body.flops++;
  return {
    kind: "scan",
    ...body.spec(body.name("scan", [rows, length]), body.cost(rows * length)),
    rows,
    length,
    combine,
    store,
    workgroupSize: ELEMENTWISE_GROUP,
  };
}
