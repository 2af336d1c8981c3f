import type { AttentionParams } from "../../ir/attention.ts";
import { interpret } from "../../ir/interpret.ts";
import { type GraphNode, makeNode } from "../../ir/node.ts";
import type { HostTensor, Primitive } from "../../ir/primitive.ts";
import { input } from "../source.ts";

/** Attention in other ops, which have references of their own. */
export type Composed = (ins: readonly GraphNode[], p: AttentionParams) => GraphNode;

export const attentionBy =
  (composed: Composed) =>
  (ins: readonly HostTensor[], p: AttentionParams): Float64Array => {
    const nodes = ins.map((x) => makeNode(input as Primitive, [], { ...x, index: 0 }));
    const given = new Map(nodes.map((x, i) => [x, (ins[i] as HostTensor).data]));
    return (interpret([composed(nodes, p)], given)[0] as HostTensor).data;
  };
