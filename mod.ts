export { configureDevice, getDevice, setDevice } from "./engine/current-device.ts";
export { createDevice, type Device, type DeviceOptions } from "./engine/runtime/device.ts";
export { scalar, Tensor, tensor } from "./engine/tensor.ts";
