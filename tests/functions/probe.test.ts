import { test } from "vitest";
import * as m from "../../mod.ts";
import { nodeGPU } from "../support/host.ts";

const gpu = nodeGPU();
m.configureDevice({ gpu });
const seq = (shape: number[], f = (i: number) => Math.sin(i * 1.3)) =>
  m.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => f(i)),
    { shape },
  );
test("probe", async () => {
  console.log(await m.maxPool2d(seq([1, 1, 4, 4]), { kernelSize: 3, stride: 2, padding: 1 }).array());
  console.log(await m.avgPool2d(seq([1, 1, 5, 5]), { kernelSize: 2, stride: 2, ceilMode: true }).array());
  console.log(await m.adaptiveAvgPool2d(seq([1, 1, 5, 6]), [3, 4]).array());
  console.log(await m.adaptiveMaxPool2d(seq([1, 1, 5, 6]), [3, 7]).array());
  console.log(await m.interpolate(seq([1, 1, 3, 4]), { size: [5, 6], mode: "bicubic" }).array());
  for (const n of [1, 2, 5, 64, 67, 72, 97, 128, 134, 1000, 4225]) {
    const x = Float32Array.from({ length: n }, (_, i) => Math.sin(i * 1.3) + Math.cos(i * i));
    const { re, im } = m.fft(m.tensor(x));
    const [r, i] = [await re.data(), await im.data()];
    let worst = 0,
      top = 0;
    for (let k = 0; k < n; k++) {
      let a = 0,
        b = 0;
      for (let t = 0; t < n; t++) {
        const th = (-2 * Math.PI * ((t * k) % n)) / n;
        a += x[t]! * Math.cos(th);
        b += x[t]! * Math.sin(th);
      }
      worst = Math.max(worst, Math.abs(a - r[k]!), Math.abs(b - i[k]!));
      top = Math.max(top, Math.abs(a), Math.abs(b));
    }
    const back = await m.irfft(m.rfft(m.tensor(x)), { n }).data();
    let w2 = 0;
    for (let t = 0; t < n; t++) w2 = Math.max(w2, Math.abs(back[t]! - x[t]!));
    console.log(n, worst / top, w2);
  }
  console.log(
    await m.einsum("ij,jk->ki", seq([2, 3]), seq([3, 4])).array(),
    await m.einsum("ii->i", seq([3, 3])).array(),
  );
});
