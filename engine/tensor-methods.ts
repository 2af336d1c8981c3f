import type { GraphNode } from "./ir/node.ts";

export class TensorMethods {
  readonly node: GraphNode;
  constructor(node: GraphNode) {
    this.node = node;
  }
}
