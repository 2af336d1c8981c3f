// The functions that are methods of their first operand, too.
export { gelu, leakyRelu, logSigmoid, relu, sigmoid, silu, softplus } from "./activation.ts";
export { fullLike, onesLike, tril, triu, zerosLike } from "./creation.ts";
export * from "./elementwise.ts";
export * from "./indexing.ts";
export { dot, matmul, outer } from "./linear.ts";
export { logSoftmax, normalize, softmax } from "./normalization.ts";
export { pad } from "./pad.ts";
export * from "./reduction.ts";
export {
  broadcastTo,
  chunk,
  diagonal,
  diff,
  expand,
  expandDims,
  flatten,
  flip,
  moveAxis,
  permute,
  repeat,
  reshape,
  roll,
  split,
  squeeze,
  swapAxes,
  tile,
  trace,
  transpose,
  unsqueeze,
  unstack,
} from "./shape.ts";
export { slice } from "./slice.ts";
export * from "./sorting.ts";
