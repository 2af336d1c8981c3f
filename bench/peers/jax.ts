import {
  blockUntilReady,
  defaultDevice,
  init,
  type Array as JaxArray,
  jit,
  lax,
  nn,
  numpy as np,
  valueAndGrad,
} from "@jax-js/jax";
import type { HostArray, Named, Ops, Peer } from "./ops.ts";

type T = JaxArray;
type Tree = Record<string, T>;

/** Its functions take their arguments over; `ref` keeps them. All of this runs while a jitted function is traced. */
const r = (x: T): T => x.ref;

const ops: Ops<T> = {
  add: (a, b) => r(a).add(r(b)),
  sub: (a, b) => r(a).sub(r(b)),
  mul: (a, b) => r(a).mul(r(b)),
  div: (a, b) => r(a).div(r(b)),
  affine: (x, factor, offset) => {
    const y = factor === 1 ? r(x) : r(x).mul(factor);
    return offset === 0 ? y : y.add(offset);
  },
  exp: (x) => np.exp(r(x)),
  tanh: (x) => np.tanh(r(x)),
  sqrt: (x) => np.sqrt(r(x)),
  relu: (x) => nn.relu(r(x)),
  gelu: (x) => nn.gelu(r(x), { approximate: false }),
  sum: (x, axes, keep = false) => np.sum(r(x), [...axes], { keepdims: keep }),
  mean: (x, axes) => np.mean(r(x), [...axes]),
  matmul: (a, b) => np.matmul(r(a), r(b)),
  reshape: (x, shape) => np.reshape(r(x), [...shape]),
  transpose: (x, axes) => np.transpose(r(x), [...axes]),
  concat: (a, b, axis) => np.concatenate([r(a), r(b)], axis),
  head: (x, axis, length) =>
    r(x).slice(...x.shape.map((_, i): [] | [number, number] => (i === axis ? [0, length] : []))),
  softmax: (x) => nn.softmax(r(x), -1),
  logSoftmax: (x) => nn.logSoftmax(r(x), -1),
  layerNorm: (x, gain, bias) => nn.standardize(r(x), -1, { epsilon: 1e-5 }).mul(r(gain)).add(r(bias)),
  attention: (q, k, v) => {
    // Its own function takes [B, N, H, D].
    const turned = (x: T) => np.transpose(r(x), [0, 2, 1, 3]);
    return np.transpose(nn.dotProductAttention(turned(q), turned(k), turned(v)), [0, 2, 1, 3]);
  },
  conv: (x, filter, stride, padding) =>
    lax.convGeneralDilated(
      r(x),
      r(filter),
      [stride, stride],
      [
        [padding, padding],
        [padding, padding],
      ],
    ),
  batchNorm: (x, gain, bias) => {
    const perChannel = (y: T) => np.reshape(r(y), [1, -1, 1, 1]);
    return nn.standardize(r(x), [0, 2, 3], { epsilon: 1e-5 }).mul(perChannel(gain)).add(perChannel(bias));
  },
  globalMean: (x) => np.mean(r(x), [2, 3]),
};

function upload(arrays: Named<HostArray>): Tree {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, { data, shape }]) => [
      name,
      np.array(data.slice() as Float32Array<ArrayBuffer>).reshape([...shape]),
    ]),
  );
}

const kept = <A>(tree: A): A => {
  if (Array.isArray(tree)) return tree.map(kept) as A;
  if (tree && typeof tree === "object" && "ref" in tree) return (tree as { ref: A }).ref;
  return Object.fromEntries(Object.entries(tree as object).map(([name, x]) => [name, kept(x)])) as A;
};

const dispose = (tree: Iterable<T> | undefined): void => {
  for (const x of tree ?? []) x.dispose();
};

type State = {
  params: Tree;
  m: Tree;
  v: Tree;
  t: T;
};

/** jax-js on its WebGPU device, each task as one jitted function. */
export async function open(): Promise<Peer> {
  if (!(await init("webgpu")).includes("webgpu")) throw new Error("jax-js has no webgpu device here");
  defaultDevice("webgpu");
  return {
    name: "jax-js",
    async prepareFunction({ inputs, run, gradients }) {
      const x = upload(inputs);
      const f = jit((all: Tree): T[] => {
        if (!gradients) return [...run(ops, all)];
        const chosen = Object.fromEntries(gradients.map((name) => [name, r(all[name] as T)]));
        const [value, grads] = valueAndGrad((some: Tree) => np.sum(run(ops, { ...all, ...some })[0] as T))(
          chosen,
        ) as unknown as [T, Tree];
        return [value, ...gradients.map((name) => grads[name] as T)];
      });
      let results: T[] | undefined;
      return {
        async run() {
          dispose(results);
          results = await blockUntilReady(f(kept(x)));
        },
        results: () => Promise.all((results ?? []).map((y) => r(y).data() as Promise<Float32Array>)),
        dispose() {
          dispose(results);
          dispose(Object.values(x));
          f.dispose();
        },
      };
    },
    async prepareStep(task) {
      const x = upload(task.inputs);
      const zeros = (): Tree =>
        upload(
          Object.fromEntries(
            Object.entries(task.params).map(([name, { shape, data }]) => [
              name,
              { shape, data: new Float32Array(data.length) },
            ]),
          ),
        );
      let state: State = { params: upload(task.params), m: zeros(), v: zeros(), t: np.array(0) as T };
      const map = (f: (name: string) => T): Tree =>
        Object.fromEntries(Object.keys(task.params).map((name) => [name, f(name)]));
      const at = (tree: Tree, name: string): T => r(tree[name] as T);
      const step = jit((now: State, given: Tree): { state: State; loss: T } => {
        const [loss, grads] = valueAndGrad((p: Tree) => task.loss(ops, p, given))(
          kept(now.params),
        ) as unknown as [T, Tree];
        const t = r(now.t).add(1);
        const m = map((n) => at(now.m, n).mul(0.9).add(at(grads, n).mul(0.1)));
        const v = map((n) =>
          at(now.v, n)
            .mul(0.999)
            .add(np.square(at(grads, n)).mul(0.001)),
        );
        const one = (beta: number): T => np.subtract(1, np.power(beta, r(t)));
        const [c1, c2] = [one(0.9), one(0.999)];
        const params = map((n) => {
          const root = np.sqrt(at(v, n).div(r(c2))).add(1e-8);
          return at(now.params, n).sub(at(m, n).div(r(c1)).mul(1e-3).div(root));
        });
        return { state: { params, m, v, t }, loss };
      });
      let loss: T | undefined;
      return {
        async run() {
          loss?.dispose();
          ({ state, loss } = await blockUntilReady(step(state, kept(x))));
        },
        results: async () => [(await r(loss as T).data()) as Float32Array],
        dispose() {
          for (const tree of [state.params, state.m, state.v, x]) dispose(Object.values(tree));
          dispose([state.t]);
          loss?.dispose();
          step.dispose();
        },
      };
    },
  };
}
