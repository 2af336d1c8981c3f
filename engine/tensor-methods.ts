import { boundPending } from "./evaluate.ts";
import { methods } from "./functions/methods.ts";
import { GraphNode } from "./ir/node.ts";
import type { LiftedTo } from "./lifted.ts";
import { mapPlain } from "./map-plain.ts";

type Functions = typeof methods;

type Method<Handle, F> = F extends (x: GraphNode, ...rest: infer A) => infer R
  ? (...rest: LiftedTo<Handle, A>) => LiftedTo<Handle, R>
  : never;

/** The methods of a handle: the functions of the library, with its node as their first operand, giving handles. */
export type MethodsOf<Handle> = Readonly<{ [K in keyof Functions]: Method<Handle, Functions[K]> }>;

/** What has these methods: the loop below puts them there. */
export class NodeHandle {
  node: GraphNode;
  constructor(node: GraphNode) {
    this.node = node;
  }
}

const toNodes = (x: unknown): unknown => mapPlain(x, (y) => (y instanceof NodeHandle ? y.node : y));

for (const [name, f] of Object.entries(methods)) {
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
