import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import "@tensorflow/tfjs-backend-webgpu";
import * as tf from "@tensorflow/tfjs-core";
// The bundler drops it from the index, where it is imported for its side effect alone.
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import { channelsLast, type HostArray, type Named, type Ops, type Peer } from "./ops.ts";

type T = tf.Tensor;

const ops: Ops<T> = {
  add: (a, b) => tf.add(a, b),
  sub: (a, b) => tf.sub(a, b),
  mul: (a, b) => tf.mul(a, b),
  div: (a, b) => tf.div(a, b),
  affine: (x, factor, offset) => {
    const y = factor === 1 ? x : tf.mul(x, factor);
    return offset === 0 ? y : tf.add(y, offset);
  },
  exp: (x) => tf.exp(x),
  tanh: (x) => tf.tanh(x),
  sqrt: (x) => tf.sqrt(x),
  relu: (x) => tf.relu(x),
  gelu: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
  sum: (x, axes, keep = false) => tf.sum(x, [...axes], keep),
  mean: (x, axes) => tf.mean(x, [...axes]),
  matmul: (a, b) => {
    // Its product does not broadcast a matrix over a batch efficiently: rows of the batch are rows of one matrix.
    if (a.rank === 3 && b.rank === 2) {
      const [n = 0, m = 0, k = 0] = a.shape;
      return tf.reshape(tf.matMul(tf.reshape(a, [n * m, k]), b), [n, m, b.shape[1] as number]);
    }
    return tf.matMul(a, b);
  },
  reshape: (x, shape) => tf.reshape(x, [...shape]),
  transpose: (x, axes) => tf.transpose(x, [...axes]),
  concat: (a, b, axis) => tf.concat([a, b], axis),
  head: (x, axis, length) =>
    tf.slice(
      x,
      x.shape.map(() => 0),
      x.shape.map((size, i) => (i === axis ? length : size)),
    ),
  softmax: (x) => tf.softmax(x),
  logSoftmax: (x) => tf.logSoftmax(x),
  layerNorm: (x, gain, bias) => {
    const { mean, variance } = tf.moments(x, -1, true);
    return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), gain), bias);
  },
  attention: (q, k, v) => {
    const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(q.shape.at(-1) as number));
    return tf.matMul(tf.softmax(scores), v);
  },
  conv: (x, filter, stride, padding) => {
    const padded =
      padding === 0
        ? x
        : tf.pad(x, [
            [0, 0],
            [padding, padding],
            [padding, padding],
            [0, 0],
          ]);
    // Explicit paddings have no gradient there; "same" is the same thing at stride 1.
    return stride === 1 && filter.shape[0] === 2 * padding + 1
      ? tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, "same")
      : tf.conv2d(padded as tf.Tensor4D, filter as tf.Tensor4D, stride, "valid");
  },
  batchNorm: (x, gain, bias) => {
    const { mean, variance } = tf.moments(x, [0, 1, 2]);
    return tf.batchNorm(
      x as tf.Tensor4D,
      mean as tf.Tensor1D,
      variance as tf.Tensor1D,
      bias as tf.Tensor1D,
      gain as tf.Tensor1D,
      1e-5,
    );
  },
  globalMean: (x) => tf.mean(x, [1, 2]),
};

function upload(arrays: Named<HostArray>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, array]) => {
      const { data, shape } = channelsLast(array);
      return [name, tf.tensor(data, [...shape])];
    }),
  );
}

/** TensorFlow.js on its WebGPU backend. */
export async function open(): Promise<Peer> {
  if (!(await tf.setBackend("webgpu"))) throw new Error("TensorFlow.js has no webgpu backend here");
  await tf.ready();
  const backend = tf.backend() as WebGPUBackend;
  const idle = async () => {
    backend.endComputePassEncoder();
    backend.ensureCommandEncoderReady();
    backend.submitQueue();
    await backend.device.queue.onSubmittedWorkDone();
  };
  return {
    name: "TensorFlow.js",
    async prepareFunction({ inputs, run, gradients, image }) {
      const x = upload(inputs);
      let results: T[] = [];
      const once = (): T[] => {
        if (!gradients) return tf.tidy(() => [...run(ops, x)]);
        const f = (...some: T[]) => {
          const given = Object.fromEntries(gradients.map((name, i) => [name, some[i] as T]));
          return tf.sum(run(ops, { ...x, ...given })[0] as T) as tf.Scalar;
        };
        const { value, grads } = tf.valueAndGrads(f)(gradients.map((name) => x[name] as T));
        return [value, ...grads];
      };
      return {
        async run() {
          tf.dispose(results);
          results = once();
          await idle();
        },
        results: () =>
          Promise.all(
            results.map(async (y) => {
              const turned = image ? tf.transpose(y, [0, 3, 1, 2]) : y;
              return (await turned.data()) as Float32Array;
            }),
          ),
        dispose: () => tf.dispose([results, x]),
      };
    },
    async prepareStep(task) {
      const x = upload(task.inputs);
      const params: Record<string, tf.Variable> = {};
      for (const [name, value] of Object.entries(upload(task.params))) params[name] = tf.variable(value);
      const optimiser = tf.train.adam(1e-3, 0.9, 0.999, 1e-8);
      let loss: tf.Scalar | undefined;
      return {
        async run() {
          loss?.dispose();
          loss =
            optimiser.minimize(
              () => task.loss<T>(ops, params, x) as tf.Scalar,
              true,
              Object.values(params),
            ) ?? undefined;
          await idle();
        },
        results: async () => [(await (loss as tf.Scalar).data()) as Float32Array],
        dispose() {
          tf.dispose([x, params]);
          loss?.dispose();
          optimiser.dispose();
        },
      };
    },
  };
}
