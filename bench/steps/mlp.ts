// One step of training an MLP of 784-512-256-10 on 128 examples with Adam, written with the library's surface alone.
import {
  arange,
  getDevice,
  key,
  normal,
  oneHot,
  pow,
  scalar,
  type Tensor,
  treeMap,
  valueAndGrad,
  zerosLike,
} from "../../mod.ts";
import { type Bench, type Subject, stepSubject } from "../bench.ts";

export const openDevice = getDevice;

const SIZES = [784, 512, 256, 10] as const;
const BATCH = 128;

type Layers = { weight: Tensor; bias: Tensor }[];

interface State {
  params: Layers;
  m: Layers;
  v: Layers;
  t: Tensor;
}

const forward = (layers: Layers, x: Tensor): Tensor =>
  layers.reduce((h, { weight, bias }, i) => {
    const y = h.matmul(weight).add(bias);
    return i + 1 < layers.length ? y.relu() : y;
  }, x);

const loss = (layers: Layers, x: Tensor, y: Tensor): Tensor =>
  forward(layers, x).logSoftmax().mul(y).sum({ axis: 1 }).mean().neg();

function trainStep({ params, m, v, t }: State, x: Tensor, y: Tensor): { state: State; loss: Tensor } {
  const { value, grads } = valueAndGrad(loss)(params, x, y);
  const step = t.add(1);
  const rate = pow(scalar(0.999), step)
    .neg()
    .add(1)
    .sqrt()
    .mul(1e-3)
    .div(pow(scalar(0.9), step).neg().add(1));
  const m2 = treeMap((a, g) => a.mul(0.9).add((g as Tensor).mul(0.1)), m, grads);
  const v2 = treeMap((a, g) => a.mul(0.999).add((g as Tensor).mul(g as Tensor).mul(0.001)), v, grads);
  const next = treeMap(
    (p, a, b) => p.sub(rate.mul(a as Tensor).div((b as Tensor).sqrt().add(1e-8))),
    params,
    m2,
    v2,
  );
  return { state: { params: next, m: m2, v: v2, t: step }, loss: value };
}

function start(): State {
  const params: Layers = [];
  for (let i = 0; i + 1 < SIZES.length; i++) {
    const [from, to] = [SIZES[i] as number, SIZES[i + 1] as number];
    params.push({
      weight: normal(key(i), [from, to]).mul(Math.sqrt(2 / from)),
      bias: normal(key(100 + i), [to]).mul(0),
    });
  }
  return { params, m: treeMap(zerosLike, params), v: treeMap(zerosLike, params), t: scalar(0) };
}

async function subject(): Promise<Subject> {
  const x = normal(key(7), [BATCH, SIZES[0]]).evaluate();
  const y = oneHot(arange(BATCH).remainder(10), 10).evaluate();
  return stepSubject(start(), (state) => trainStep(state, x, y), "mlp");
}

export const benches: readonly Bench[] = [
  { name: "mlp", shape: { sizes: SIZES.join("-"), batch: BATCH }, variants: { step: subject }, rounds: 30 },
];
