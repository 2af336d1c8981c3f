import {
  batchNorm,
  compile,
  concat,
  conv2d,
  gelu,
  getDevice,
  layerNorm,
  scaledDotProductAttention,
  type Tensor,
  tensor,
  treeDispose,
  valueAndGrad,
} from "../../mod.ts";
import { adam } from "../../training/optim/adam.ts";
import type { HostArray, Named, Ops, Peer } from "./ops.ts";

const ops: Ops<Tensor> = {
  add: (a, b) => a.add(b),
  sub: (a, b) => a.sub(b),
  mul: (a, b) => a.mul(b),
  div: (a, b) => a.div(b),
  affine: (x, factor, offset) => {
    const y = factor === 1 ? x : x.mul(factor);
    return offset === 0 ? y : y.add(offset);
  },
  exp: (x) => x.exp(),
  tanh: (x) => x.tanh(),
  sqrt: (x) => x.sqrt(),
  relu: (x) => x.relu(),
  gelu: (x) => gelu(x),
  sum: (x, axes, keep = false) => x.sum({ axis: axes, keepDims: keep }),
  mean: (x, axes) => x.mean({ axis: axes }),
  matmul: (a, b) => a.matmul(b),
  reshape: (x, shape) => x.reshape(shape),
  transpose: (x, axes) => x.permute(axes),
  concat: (a, b, axis) => concat([a, b], { axis }),
  head: (x, axis, length) => x.split([length, (x.shape[axis] as number) - length], { axis })[0] as Tensor,
  softmax: (x) => x.softmax(),
  logSoftmax: (x) => x.logSoftmax(),
  layerNorm: (x, gain, bias) => layerNorm(x, [x.shape.at(-1) as number], { weight: gain, bias }),
  attention: (q, k, v) => scaledDotProductAttention(q, k, v),
  conv: (x, filter, stride, padding) => conv2d(x, filter, { stride, padding }),
  batchNorm: (x, gain, bias) => batchNorm(x, { weight: gain, bias, training: true }).output,
  globalMean: (x) => x.mean({ axis: [2, 3] }),
};

function upload(arrays: Named<HostArray>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, { data, shape }]) => [name, tensor(data, { shape }).evaluate()]),
  );
}

const read = (x: Tensor): Promise<Float32Array> => x.data() as Promise<Float32Array>;

/** Morlet, through its public surface. */
export async function open(): Promise<Peer> {
  const device = await getDevice();
  return {
    name: "Morlet",
    async prepareFunction({ inputs, run, gradients }) {
      const x = upload(inputs);
      const f = compile((all: Record<string, Tensor>): Tensor[] => {
        if (!gradients) return [...run(ops, all)];
        const chosen = Object.fromEntries(gradients.map((name) => [name, all[name] as Tensor]));
        const { value, grads } = valueAndGrad((some: Record<string, Tensor>) =>
          (run(ops, { ...all, ...some })[0] as Tensor).sum(),
        )(chosen);
        return [value, ...gradients.map((name) => grads[name] as Tensor)];
      });
      let results: Tensor[] = [];
      return {
        async run() {
          treeDispose(results);
          results = f(x);
          await device.idle();
        },
        results: () => Promise.all(results.map(read)),
        dispose() {
          treeDispose([results, x]);
          f.dispose();
        },
      };
    },
    async prepareStep(task) {
      const x = upload(task.inputs);
      const optimiser = adam({ lr: 1e-3 });
      const params = upload(task.params);
      let state = { params, optim: optimiser.init(params) };
      const step = compile((now: typeof state, given: Record<string, Tensor>) => {
        const { value, grads } = valueAndGrad((p: Record<string, Tensor>) => task.loss(ops, p, given))(
          now.params,
        );
        const moved = optimiser.step(now.params, grads, now.optim);
        return { state: { params: moved.params, optim: moved.state }, loss: value };
      });
      let loss: Tensor | undefined;
      return {
        async run() {
          loss?.dispose();
          ({ state, loss } = step(state, x));
          await device.idle();
        },
        results: async () => [await read(loss as Tensor)],
        dispose() {
          treeDispose([state, x]);
          step.dispose();
        },
      };
    },
  };
}
