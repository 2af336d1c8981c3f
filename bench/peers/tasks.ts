// The tasks that every library gets, with their inputs.
import type { FunctionTask, HostArray, Named, Ops, StepTask } from "./ops.ts";

/** Normal numbers that are the same in every run. */
function normal(shape: readonly number[], scale = 1, kind?: HostArray["kind"]): HostArray {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < data.length; i += 2) {
    const r = Math.sqrt(-2 * Math.log(1 - uniform())) * scale;
    const angle = 2 * Math.PI * uniform();
    data[i] = r * Math.cos(angle);
    if (i + 1 < data.length) data[i + 1] = r * Math.sin(angle);
  }
  return { shape, data, ...(kind && { kind }) };
}

const filled = (shape: readonly number[], value: number): HostArray => ({
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value),
});

let state = 1;
/** Mulberry32. */
function uniform(): number {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

/** Row i has its one at i modulo the number of classes. */
function oneHot(rows: number, classes: number): HostArray {
  const data = new Float32Array(rows * classes);
  for (let i = 0; i < rows; i++) data[i * classes + (i % classes)] = 1;
  return { shape: [rows, classes], data };
}

const get = <T>(from: Named<T>, name: string): T => from[name] as T;

function product(name: string, a: readonly number[], b: readonly number[]): () => FunctionTask {
  return () => ({
    name,
    inputs: { a: normal(a), b: normal(b) },
    run: (o, x) => [o.matmul(get(x, "a"), get(x, "b"))],
    tolerance: 1e-4,
  });
}

const chain = (): FunctionTask => ({
  name: "chain of 9 ops, 4M",
  inputs: { x: normal([1 << 22]) },
  run: (o, { x }) => {
    const a = o.exp(o.affine(x as never, 0.5, 0.1)); // 2 or 3 ops
    const b = o.tanh(o.mul(a, x as never));
    return [o.sqrt(o.affine(o.relu(o.sub(b, a)), 1, 0.5))];
  },
  tolerance: 1e-3,
});

function attention(name: string, gradients: boolean): () => FunctionTask {
  const shape = [4, 6, 197, 64];
  return () => ({
    name,
    inputs: { q: normal(shape), k: normal(shape), v: normal(shape) },
    run: (o, x) => [o.attention(get(x, "q"), get(x, "k"), get(x, "v"))],
    ...(gradients && { gradients: ["q", "k", "v"] }),
    tolerance: 1e-3,
  });
}

function conv(
  name: string,
  image: readonly number[],
  filter: readonly number[],
  stride: number,
  padding: number,
): () => FunctionTask {
  return () => ({
    name,
    inputs: { x: normal(image, 1, "image"), w: normal(filter, 1, "filter") },
    run: (o, x) => [o.conv(get(x, "x"), get(x, "w"), stride, padding)],
    image: true,
    tolerance: 1e-4,
  });
}

export const functionTasks: readonly (() => FunctionTask)[] = [
  product("matmul 1024^3", [1024, 1024], [1024, 1024]),
  product("matmul 256^3", [256, 256], [256, 256]),
  product("batched matmul 24 x 197x64x197", [24, 197, 64], [24, 64, 197]),
  chain,
  () => ({
    name: "softmax 4096x256",
    inputs: { x: normal([4096, 256]) },
    run: (o, x) => [o.softmax(get(x, "x"))],
    tolerance: 1e-4,
  }),
  () => ({
    name: "layer norm 4096x384",
    inputs: { x: normal([4096, 384]), g: normal([384]), b: normal([384]) },
    run: (o, x) => [o.layerNorm(get(x, "x"), get(x, "g"), get(x, "b"))],
    tolerance: 1e-4,
  }),
  () => ({
    name: "sum of 4M",
    inputs: { x: { shape: [1 << 22], data: normal([1 << 22]).data.map((v) => v + 1) } },
    run: (o, x) => [o.sum(get(x, "x"), [0])],
    tolerance: 1e-4,
  }),
  attention("attention B4 H6 N197 D64", false),
  attention("attention with gradients", true),
  conv("conv 3x3 64-64, 8x32x32", [8, 64, 32, 32], [64, 64, 3, 3], 1, 1),
  conv("conv 7x7 stride 2, 2x3x224x224", [2, 3, 224, 224], [64, 3, 7, 7], 2, 3),
  () => {
    const { name, params, inputs } = vitStep();
    return {
      name: `${name.replace(", Adam step", "")}, forward`,
      inputs: { ...params, ...inputs },
      run: (o, x) => [vit(o, x, get(x, "patches"))],
      tolerance: 1e-3,
    };
  },
];

function crossEntropy<T>(o: Ops<T>, logits: T, targets: T, rows: number): T {
  return o.affine(o.sum(o.mul(o.logSoftmax(logits), targets), [0, 1]), -1 / rows, 0);
}

const linear = <T>(o: Ops<T>, p: Named<T>, name: string, x: T): T =>
  o.add(o.matmul(x, get(p, `${name}.w`)), get(p, `${name}.b`));

function linearParams(name: string, from: number, to: number): Named<HostArray> {
  return { [`${name}.w`]: normal([from, to], Math.sqrt(1 / from)), [`${name}.b`]: filled([to], 0) };
}

const mlpStep = (): StepTask => ({
  name: "MLP 784-512-256-10, batch 128, Adam step",
  params: {
    ...linearParams("l1", 784, 512),
    ...linearParams("l2", 512, 256),
    ...linearParams("l3", 256, 10),
  },
  inputs: { x: normal([128, 784]), y: oneHot(128, 10) },
  loss: (o, p, x) => {
    const h = o.relu(linear(o, p, "l2", o.relu(linear(o, p, "l1", get(x, "x")))));
    return crossEntropy(o, linear(o, p, "l3", h), get(x, "y"), 128);
  },
  tolerance: 1e-3,
});

const VIT = { batch: 8, tokens: 65, width: 192, depth: 4, heads: 3, patch: 48, classes: 10 };

function vit<T>(o: Ops<T>, p: Named<T>, patches: T): T {
  const { batch, tokens, width, depth, heads, classes } = VIT;
  const ln = (name: string, x: T) => o.layerNorm(x, get(p, `${name}.g`), get(p, `${name}.b`));
  const split = (x: T) => o.transpose(o.reshape(x, [batch, tokens, heads, width / heads]), [0, 2, 1, 3]);
  // The class token is the first row of the positions: patches start at the second.
  let x = o.add(o.concat(get(p, "class"), linear(o, p, "embed", patches), 1), get(p, "position"));
  for (let i = 0; i < depth; i++) {
    const y = ln(`${i}.norm1`, x);
    const [q, k, v] = ["q", "k", "v"].map((n) => split(linear(o, p, `${i}.${n}`, y))) as [T, T, T];
    const a = o.reshape(o.transpose(o.attention(q, k, v), [0, 2, 1, 3]), [batch, tokens, width]);
    x = o.add(x, linear(o, p, `${i}.proj`, a));
    x = o.add(x, linear(o, p, `${i}.fc2`, o.gelu(linear(o, p, `${i}.fc1`, ln(`${i}.norm2`, x)))));
  }
  const first = o.reshape(o.head(ln("norm", x), 1, 1), [batch, width]);
  return o.reshape(linear(o, p, "head", first), [batch, classes]);
}

function vitStep(): StepTask {
  const { batch, tokens, width, depth, patch, classes } = VIT;
  const norm = (name: string) => ({ [`${name}.g`]: filled([width], 1), [`${name}.b`]: filled([width], 0) });
  const params: Record<string, HostArray> = {
    ...linearParams("embed", patch, width),
    class: normal([batch, 1, width], 0.02),
    position: normal([1, tokens, width], 0.02),
    ...norm("norm"),
    ...linearParams("head", width, classes),
  };
  for (let i = 0; i < depth; i++) {
    Object.assign(params, norm(`${i}.norm1`), norm(`${i}.norm2`));
    for (const n of ["q", "k", "v", "proj"]) Object.assign(params, linearParams(`${i}.${n}`, width, width));
    Object.assign(params, linearParams(`${i}.fc1`, width, 4 * width));
    Object.assign(params, linearParams(`${i}.fc2`, 4 * width, width));
  }
  return {
    name: "ViT 192x4, 65 tokens, batch 8, Adam step",
    params,
    inputs: { patches: normal([batch, tokens - 1, patch]), y: oneHot(batch, classes) },
    loss: (o, p, x) => crossEntropy(o, vit(o, p, get(x, "patches")), get(x, "y"), batch),
    tolerance: 2e-3,
  };
}

/** Images of each view. */
const IMAGES = 64;
const stages = [
  { from: 16, to: 16, stride: 1 },
  { from: 16, to: 32, stride: 2 },
  { from: 32, to: 64, stride: 2 },
];

/** Two views of each image through a small residual network; NT-Xent at temperature 0.5. */
function simClrStep(): StepTask {
  const rows = 2 * IMAGES;
  const params: Record<string, HostArray> = {};
  const convolution = (name: string, from: number, to: number, size: number) => {
    params[`${name}.w`] = normal([to, from, size, size], Math.sqrt(2 / (from * size * size)), "filter");
    params[`${name}.g`] = filled([to], 1);
    params[`${name}.b`] = filled([to], 0);
  };
  convolution("stem", 3, 16, 3);
  stages.forEach(({ from, to }, i) => {
    convolution(`${i}.a`, from, to, 3);
    convolution(`${i}.b`, to, to, 3);
    if (from !== to) convolution(`${i}.short`, from, to, 1);
  });
  Object.assign(params, linearParams("l1", 64, 64), linearParams("l2", 64, 64));
  // Of row r: minus a lot on the diagonal, and a one at its other view.
  const others = filled([rows, rows], 0);
  const positive = filled([rows, rows], 0);
  for (let r = 0; r < rows; r++) {
    others.data[r * rows + r] = -1e4;
    positive.data[r * rows + ((r + IMAGES) % rows)] = 1;
  }
  return {
    name: "SimCLR, residual network, 2x64 views, Adam step",
    params,
    inputs: { views: normal([rows, 3, 32, 32], 1, "image"), others, positive },
    loss: (o, p, x) => {
      const unit = (name: string, y: Parameters<typeof o.relu>[0], stride: number, padding: number) =>
        o.batchNorm(
          o.conv(y, get(p, `${name}.w`), stride, padding),
          get(p, `${name}.g`),
          get(p, `${name}.b`),
        );
      let y = o.relu(unit("stem", get(x, "views"), 1, 1));
      stages.forEach(({ from, to, stride }, i) => {
        const inner = unit(`${i}.b`, o.relu(unit(`${i}.a`, y, stride, 1)), 1, 1);
        y = o.relu(o.add(inner, from === to ? y : unit(`${i}.short`, y, stride, 0)));
      });
      const z = linear(o, p, "l2", o.relu(linear(o, p, "l1", o.globalMean(y))));
      const unitRows = o.div(z, o.sqrt(o.affine(o.sum(o.mul(z, z), [1], true), 1, 1e-12)));
      const similarity = o.affine(o.matmul(unitRows, o.transpose(unitRows, [1, 0])), 2, 0);
      const log = o.logSoftmax(o.add(similarity, get(x, "others")));
      return o.affine(o.sum(o.mul(log, get(x, "positive")), [0, 1]), -1 / rows, 0);
    },
    tolerance: 5e-3,
  };
}

export const stepTasks: readonly (() => StepTask)[] = [mlpStep, vitStep, simClrStep];
