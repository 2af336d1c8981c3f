export { type Compiled, type CompileOptions, compile, explain } from "./engine/compiled.ts";
export { type DebugSettings, debug, withDebug } from "./engine/core/debug.ts";
export type { DType, HostData } from "./engine/core/dtype.ts";
export {
  AxisError,
  CheckError,
  DeviceLimitError,
  DeviceLostError,
  DeviceMismatchError,
  DisposedError,
  DTypeError,
  KernelError,
  NoDeviceError,
  NotDifferentiableError,
  OutOfMemoryError,
  ShapeError,
  TraceError,
} from "./engine/core/errors.ts";
export { configureDevice, getDevice, setDevice } from "./engine/current-device.ts";
export { type ProfileOptions, profile, recordTrace } from "./engine/profile.ts";
export * from "./engine/public/activation.ts";
export * from "./engine/public/attention.ts";
export * from "./engine/public/convolution.ts";
export * from "./engine/public/creation.ts";
export * from "./engine/public/dropout.ts";
export * from "./engine/public/einsum.ts";
export * from "./engine/public/elementwise.ts";
export * from "./engine/public/embedding.ts";
export * from "./engine/public/indexing.ts";
export * from "./engine/public/linear.ts";
export * from "./engine/public/normalization.ts";
export * from "./engine/public/random.ts";
export * from "./engine/public/reduction.ts";
export * from "./engine/public/shape.ts";
export * from "./engine/public/sorting.ts";
export type { MemoryReport } from "./engine/runtime/buffers.ts";
export { createDevice, type Device, type DeviceOptions } from "./engine/runtime/device.ts";
export type { KernelTiming } from "./engine/runtime/recording.ts";
export {
  isTensor,
  type NestedArray,
  scalar,
  Tensor,
  type TensorData,
  type TensorOptions,
  tensor,
} from "./engine/tensor.ts";
export {
  checkpoint,
  customVjp,
  grad,
  type LossResult,
  stopGradient,
  type ValueAndGrad,
  valueAndGrad,
  vjp,
} from "./engine/transforms.ts";
export { treeDispose, treeLeaves, treeMap } from "./engine/trees.ts";
