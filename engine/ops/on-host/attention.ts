import type { AttentionParams } from "../../ir/attention.ts";
import { interpret } from "../../ir/interpret.ts";
import { makeNode } from "../../ir/node.ts";
import type { HostTensor, Primitive } from "../../ir/primitive.ts";
import { composedAttention } from "../build.ts";
import { input } from "../source.ts";

/** The composition, whose ops have references of their own. */
export function attention(ins: readonly HostTensor[], p: AttentionParams): Float64Array {
  const nodes = ins.map((x) => makeNode(input as Primitive, [], { ...x, index: 0 }));
  const given = new Map(nodes.map((x, i) => [x, (ins[i] as HostTensor).data]));
  return (interpret([composedAttention(nodes, p)], given)[0] as HostTensor).data;
}
