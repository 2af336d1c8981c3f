import { boundPending } from "./evaluate.ts";
import { methods } from "./functions/methods.ts";
import { GraphNode } from "./ir/node.ts";
import type { Lifted } from "./lift.ts";
import { mapPlain } from "./map-plain.ts";
import type { Tensor } from "./tensor.ts";

type Functions = typeof methods;

type Method<F> = F extends (x: GraphNode, ...rest: infer A) => infer R
  ? (...rest: Lifted<A>) => Lifted<R>
  : never;

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the loop below gives it every method of the interface.
export class TensorMethods {
  node: GraphNode;
  constructor(node: GraphNode) {
    this.node = node;
  }
}

/** The methods of a tensor: the functions of the library, with the tensor as their first operand. */
export interface TensorMethods extends Readonly<{ [K in keyof Functions]: Method<Functions[K]> }> {}

const toNodes = (x: unknown): unknown => mapPlain(x, (y) => (y instanceof TensorMethods ? y.node : y));

for (const [name, f] of Object.entries(methods)) {
  const onNodes = f as (...args: unknown[]) => unknown;
  const method = function (this: TensorMethods, ...rest: unknown[]): unknown {
    // tensor.ts imports this file; its class is known here by its instances.
    const Handle = this.constructor as new (node: GraphNode) => Tensor;
    return mapPlain(onNodes(this.node, ...rest.map(toNodes)), (y) => {
      if (!(y instanceof GraphNode)) return y;
      boundPending(y);
      return new Handle(y);
    });
  };
  Object.defineProperty(TensorMethods.prototype, name, { value: method, writable: true, configurable: true });
}
