// One step of training a small vision transformer with Adam: width 192, 4 blocks of 3 heads, 65 tokens, 8 images.
import {
  arange,
  concat,
  gelu,
  getDevice,
  key,
  normal,
  oneHot,
  split,
  type Tensor,
  valueAndGrad,
  zeros,
} from "../../mod.ts";
import { keyStream, LayerNorm, Linear, MultiheadAttention } from "../../models/nn/mod.ts";
import { adam } from "../../training/optim/adam.ts";
import { type Bench, type Subject, stepSubject } from "../bench.ts";

export const openDevice = getDevice;

const [WIDTH, DEPTH, HEADS, TOKENS, BATCH, CLASSES, PATCH] = [192, 4, 3, 65, 8, 10, 48];

class Block {
  readonly norm1 = new LayerNorm({ shape: WIDTH });
  readonly norm2 = new LayerNorm({ shape: WIDTH });
  readonly attn: MultiheadAttention;
  readonly fc1: Linear;
  readonly fc2: Linear;

  constructor(next: () => Tensor) {
    this.attn = new MultiheadAttention({ key: next(), width: WIDTH, heads: HEADS });
    this.fc1 = new Linear({ key: next(), inFeatures: WIDTH, outFeatures: 4 * WIDTH });
    this.fc2 = new Linear({ key: next(), inFeatures: 4 * WIDTH, outFeatures: WIDTH });
  }

  forward(x: Tensor): Tensor {
    const y = x.add(this.attn.forward(this.norm1.forward(x)));
    return y.add(this.fc2.forward(gelu(this.fc1.forward(this.norm2.forward(y)))));
  }
}

class Vit {
  readonly embed: Linear;
  readonly cls = zeros([1, 1, WIDTH]);
  readonly position: Tensor;
  readonly blocks: Block[];
  readonly norm = new LayerNorm({ shape: WIDTH });
  readonly head: Linear;

  constructor() {
    const next = keyStream(key(1));
    this.embed = new Linear({ key: next(), inFeatures: PATCH, outFeatures: WIDTH });
    this.position = normal(next(), [1, TOKENS, WIDTH]).mul(0.02);
    this.blocks = Array.from({ length: DEPTH }, () => new Block(next));
    this.head = new Linear({ key: next(), inFeatures: WIDTH, outFeatures: CLASSES });
  }

  /** Patches `f32[B, 64, 48]` to logits `f32[B, 10]`. */
  forward(patches: Tensor): Tensor {
    const tokens = concat([this.cls.expand([BATCH, 1, WIDTH]), this.embed.forward(patches)], { axis: 1 });
    const x = this.blocks.reduce((y, block) => block.forward(y), tokens.add(this.position));
    const [first] = split(this.norm.forward(x), [1, TOKENS - 1], { axis: 1 }) as [Tensor];
    return this.head.forward(first.reshape([BATCH, WIDTH]));
  }
}

async function subject(): Promise<Subject> {
  const patches = normal(key(7), [BATCH, TOKENS - 1, PATCH]).evaluate();
  const targets = oneHot(arange(BATCH), CLASSES).evaluate();
  const optimiser = adam();
  const model = new Vit();
  const loss = (m: Vit): Tensor => m.forward(patches).logSoftmax().mul(targets).sum({ axis: 1 }).mean().neg();
  return stepSubject(
    { model, optim: optimiser.init(model) },
    ({ model: m, optim }) => {
      const { value, grads } = valueAndGrad(loss)(m);
      const { params, state } = optimiser.step(m, grads, optim);
      return { state: { model: params, optim: state }, loss: value };
    },
    "vit",
  );
}

export const benches: readonly Bench[] = [
  {
    name: "vit",
    shape: { width: WIDTH, depth: DEPTH, heads: HEADS, tokens: TOKENS, batch: BATCH },
    variants: { step: subject },
    rounds: 7,
  },
];
