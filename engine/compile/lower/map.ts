import type { KernelSpec } from "../../../kernels/kernel.ts";
import { sizeOf } from "../../core/shape.ts";
import { elementwiseTile, severalOf } from "../tiles.ts";
import type { KernelBody } from "./kernel-body.ts";

/** Elementwise work: an element of the results after the other, or several side by side. */
export function mapSpec(body: KernelBody): KernelSpec {
  const length = sizeOf(body.c.domain);
  const { block, several, workgroupSize } = elementwiseTile(body.profile, body.c.domain);
  const { index } = body.s;
  const element = block
    ? index.unflatten(
        index.add(index.scale(index.variable(0, length / block), block), index.variable(1, block)),
        body.c.domain,
      )
    : body.c.element;
  const stores = body.c.outputs.map((x) => body.store(x, element));
  return {
    kind: "map",
    ...body.spec(body.name("map", [length]), body.cost(length)),
    length,
    block,
    stores,
    perThread: several ? severalOf(body.s.steps.length) : 1,
    strips: several && body.profile.kind === "software",
    workgroupSize,
  };
}
