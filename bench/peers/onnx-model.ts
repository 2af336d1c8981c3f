import type { HostArray, Named, Ops } from "./ops.ts";

// Writes a task as an ONNX model: the operations are recorded as nodes, and the nodes as protocol buffers.

/** A value of the graph, with what is known of its shape. */
export interface Value {
  readonly name: string;
  readonly rank: number;
}

type Attribute = number | string | readonly number[];

const OPSET = 20;
const encoder = new TextEncoder();

/** Fields of one message, in the wire format of protocol buffers. */
class Message {
  private readonly parts: Uint8Array[] = [];

  varint(field: number, value: number): this {
    return this.raw([...varintBytes(field * 8), ...varintBytes(value)]);
  }

  float(field: number, value: number): this {
    return this.raw([...varintBytes(field * 8 + 5), ...new Uint8Array(new Float32Array([value]).buffer)]);
  }

  bytes(field: number, value: Uint8Array | string | Message): this {
    const content =
      typeof value === "string" ? encoder.encode(value) : value instanceof Message ? value.finish() : value;
    this.raw([...varintBytes(field * 8 + 2), ...varintBytes(content.length)]);
    this.parts.push(content);
    return this;
  }

  finish(): Uint8Array {
    const out = new Uint8Array(this.parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }

  private raw(bytes: readonly number[]): this {
    this.parts.push(Uint8Array.from(bytes));
    return this;
  }
}

/** Negative numbers take ten bytes, as the format wants it. */
function varintBytes(value: number): number[] {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 128);
  } while (rest !== 0n);
  return bytes;
}

function attributeOf(name: string, value: Attribute): Message {
  const message = new Message().bytes(1, name);
  if (typeof value === "string") return message.bytes(4, value).varint(20, 3);
  if (typeof value === "number") {
    return Number.isInteger(value)
      ? message.varint(3, value).varint(20, 2)
      : message.float(2, value).varint(20, 1);
  }
  for (const item of value) message.varint(8, item);
  return message.varint(20, 7);
}

function typed(name: string, shape: readonly number[] | null): Message {
  const tensor = new Message().varint(1, 1);
  if (shape) {
    const dims = new Message();
    for (const size of shape) dims.bytes(1, new Message().varint(1, size));
    tensor.bytes(2, dims);
  }
  return new Message().bytes(1, name).bytes(2, new Message().bytes(1, tensor));
}

/** Records what a task does. */
export class ModelBuilder {
  readonly inputs: Record<string, Value> = {};
  private readonly graph = new Message();
  private count = 0;
  private readonly declared: [string, readonly number[]][] = [];

  constructor(inputs: Named<HostArray>) {
    let i = 0;
    for (const [name, { shape }] of Object.entries(inputs)) {
      const value = { name: `input${i++}`, rank: shape.length };
      this.inputs[name] = value;
      this.declared.push([value.name, shape]);
    }
  }

  node(
    type: string,
    inputs: readonly Value[],
    rank: number,
    attributes: Record<string, Attribute> = {},
  ): Value {
    const output = { name: `v${this.count++}`, rank };
    const node = new Message();
    for (const input of inputs) node.bytes(1, input.name);
    node.bytes(2, output.name).bytes(3, output.name).bytes(4, type);
    for (const [name, value] of Object.entries(attributes)) node.bytes(5, attributeOf(name, value));
    this.graph.bytes(1, node);
    return output;
  }

  /** Whole numbers as a list, or one float. */
  constant(value: number | readonly number[]): Value {
    const name = `c${this.count++}`;
    const tensor = new Message();
    if (typeof value === "number") {
      tensor.varint(2, 1).bytes(9, new Uint8Array(new Float32Array([value]).buffer));
    } else {
      tensor.varint(1, value.length).varint(2, 7);
      tensor.bytes(9, new Uint8Array(new BigInt64Array(value.map(BigInt)).buffer));
    }
    this.graph.bytes(5, tensor.bytes(8, name));
    return { name, rank: typeof value === "number" ? 0 : 1 };
  }

  finish(outputs: readonly Value[]): Uint8Array {
    this.graph.bytes(2, "task");
    for (const [name, shape] of this.declared) this.graph.bytes(11, typed(name, shape));
    for (const { name } of outputs) this.graph.bytes(12, typed(name, null));
    const opset = new Message().bytes(1, "").varint(2, OPSET);
    return new Message().varint(1, 9).bytes(7, this.graph).bytes(8, opset).finish();
  }
}

export function recorder(b: ModelBuilder): Ops<Value> {
  const unary = (type: string) => (x: Value) => b.node(type, [x], x.rank);
  const binary = (type: string) => (x: Value, y: Value) => b.node(type, [x, y], Math.max(x.rank, y.rank));
  const ops: Ops<Value> = {
    add: binary("Add"),
    sub: binary("Sub"),
    mul: binary("Mul"),
    div: binary("Div"),
    affine: (x, factor, offset) => {
      const y = factor === 1 ? x : ops.mul(x, b.constant(factor));
      return offset === 0 ? y : ops.add(y, b.constant(offset));
    },
    exp: unary("Exp"),
    tanh: unary("Tanh"),
    sqrt: unary("Sqrt"),
    relu: unary("Relu"),
    gelu: unary("Gelu"),
    sum: (x, axes, keep = false) =>
      b.node("ReduceSum", [x, b.constant(axes)], keep ? x.rank : x.rank - axes.length, {
        keepdims: keep ? 1 : 0,
      }),
    mean: (x, axes) => b.node("ReduceMean", [x, b.constant(axes)], x.rank - axes.length, { keepdims: 0 }),
    matmul: binary("MatMul"),
    reshape: (x, shape) => b.node("Reshape", [x, b.constant(shape)], shape.length),
    transpose: (x, axes) => b.node("Transpose", [x], x.rank, { perm: axes }),
    concat: (x, y, axis) => b.node("Concat", [x, y], x.rank, { axis }),
    head: (x, axis, length) =>
      b.node("Slice", [x, b.constant([0]), b.constant([length]), b.constant([axis])], x.rank),
    softmax: (x) => b.node("Softmax", [x], x.rank, { axis: -1 }),
    logSoftmax: (x) => b.node("LogSoftmax", [x], x.rank, { axis: -1 }),
    layerNorm: (x, gain, bias) =>
      b.node("LayerNormalization", [x, gain, bias], x.rank, { axis: -1, epsilon: 1e-5 }),
    attention: (q, k, v) => {
      const last = q.rank - 1;
      const swap = [...Array(last - 1).keys(), last, last - 1];
      const scores = ops.affine(ops.matmul(q, ops.transpose(k, swap)), 1 / Math.sqrt(64), 0);
      return ops.matmul(ops.softmax(scores), v);
    },
    conv: (x, filter, stride, padding) =>
      b.node("Conv", [x, filter], x.rank, {
        strides: [stride, stride],
        pads: [padding, padding, padding, padding],
      }),
    batchNorm: () => {
      throw new Error("inference only");
    },
    globalMean: (x) => ops.mean(x, [2, 3]),
  };
  return ops;
}
