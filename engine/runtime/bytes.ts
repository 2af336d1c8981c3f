import { allocateHost, type DType, type HostData } from "../core/dtype.ts";
import { float16Bits, float16Value } from "../core/half.ts";

/** Host data as the device holds it: booleans as u32, halves in pairs. */
export function toDeviceBytes(dtype: DType, host: HostData): Uint8Array<ArrayBuffer> {
  if (dtype === "bool") return viewBytes(Uint32Array.from(host, (x) => (x ? 1 : 0)));
  if (dtype === "f16") {
    const bits = new Uint16Array(host.length + (host.length % 2));
    for (let i = 0; i < host.length; i++) bits[i] = float16Bits(host[i] as number);
    return viewBytes(bits);
  }
  return viewBytes(host);
}

const viewBytes = (x: ArrayBufferView): Uint8Array<ArrayBuffer> =>
  new Uint8Array(x.buffer as ArrayBuffer, x.byteOffset, x.byteLength);

/** Device bytes as host data. */
export function fromDeviceBytes(dtype: DType, bytes: ArrayBuffer, length: number): HostData {
  if (dtype === "f32") return new Float32Array(bytes, 0, length);
  if (dtype === "i32") return new Int32Array(bytes, 0, length);
  if (dtype === "u32") return new Uint32Array(bytes, 0, length);
  const out = allocateHost(dtype, length);
  if (dtype === "bool") {
    const words = new Uint32Array(bytes, 0, length);
    for (let i = 0; i < length; i++) out[i] = words[i] ? 1 : 0;
    return out;
  }
  const halves = new Uint16Array(bytes, 0, length);
  for (let i = 0; i < length; i++) out[i] = float16Value(halves[i] as number);
  return out;
}
