import { boundPending } from "./evaluate.ts";
import { type MethodFunction, methods } from "./functions/define.ts";
import { GraphNode } from "./ir/node.ts";
import type { LiftedTo } from "./lifted.ts";
import { mapPlain } from "./map-plain.ts";

// These define the methods when they are loaded, which `sideEffects` in package.json says to bundlers.
import "./functions/activation.ts";
import "./functions/creation.ts";
import "./functions/elementwise.ts";
import "./functions/indexing.ts";
import "./functions/linear.ts";
import "./functions/normalization.ts";
import "./functions/pad.ts";
import "./functions/reduction.ts";
import "./functions/shape.ts";
import "./functions/slice.ts";
import "./functions/sorting.ts";

type Functions = typeof import("./functions/activation.ts") &
  typeof import("./functions/creation.ts") &
  typeof import("./functions/elementwise.ts") &
  typeof import("./functions/indexing.ts") &
  typeof import("./functions/linear.ts") &
  typeof import("./functions/normalization.ts") &
  typeof import("./functions/pad.ts") &
  typeof import("./functions/reduction.ts") &
  typeof import("./functions/shape.ts") &
  typeof import("./functions/slice.ts") &
  typeof import("./functions/sorting.ts");

type Method<Handle, F> = F extends (x: GraphNode, ...rest: infer A) => infer R
  ? (...rest: LiftedTo<Handle, A>) => LiftedTo<Handle, R>
  : never;

type MethodName = {
  [K in keyof Functions]: Functions[K] extends MethodFunction<never, unknown> ? K : never;
}[keyof Functions];

/** The methods of a handle: functions of the library, with its node as their first operand, giving handles. */
export type MethodsOf<Handle> = Readonly<{ [K in MethodName]: Method<Handle, Functions[K]> }>;

/** What has these methods: the loop below puts them there. */
export class NodeHandle {
  node: GraphNode;
  constructor(node: GraphNode) {
    this.node = node;
  }
}

const toNodes = (x: unknown): unknown => mapPlain(x, (y) => (y instanceof NodeHandle ? y.node : y));

for (const [name, f] of methods) {
  const onNodes = f as (...args: unknown[]) => unknown;
  const method = function (this: NodeHandle, ...rest: unknown[]): unknown {
    // Of which class the handles are, this one tells.
    const Handle = this.constructor as new (node: GraphNode) => unknown;
    return mapPlain(onNodes(this.node, ...rest.map(toNodes)), (y) => {
      if (!(y instanceof GraphNode)) return y;
      boundPending(y);
      return new Handle(y);
    });
  };
  Object.defineProperty(NodeHandle.prototype, name, { value: method, writable: true, configurable: true });
}
