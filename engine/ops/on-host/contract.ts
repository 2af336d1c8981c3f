import { isFloat } from "../../core/dtype.ts";
import { dim, sizeOf } from "../../core/shape.ts";
import { dotLayout } from "../../ir/dot-layout.ts";
import type { Aval } from "../../ir/node.ts";
import type { ConvParams, DotAxes, HostTensor } from "../../ir/primitive.ts";
import { toDType } from "../elementwise.ts";
import { eachPosition } from "../host-loops.ts";
import { stridesOf } from "./strides.ts";

export const dot = ([a, b]: readonly HostTensor[], p: DotAxes, out: Aval): Float64Array =>
  dotOnHost(a as HostTensor, b as HostTensor, p, out);

export const conv = ([x, w]: readonly HostTensor[], p: ConvParams, out: Aval): Float64Array =>
  convOnHost(x as HostTensor, w as HostTensor, p, out);

function dotOnHost(a: HostTensor, b: HostTensor, p: DotAxes, out: Aval): Float64Array {
  const { freeA, freeB, contracted } = dotLayout(a, b, p);
  const sa = stridesOf(a.shape);
  const sb = stridesOf(b.shape);
  const at = (
    axes: readonly number[],
    strides: readonly number[],
    position: readonly number[],
    from: number,
  ): number =>
    axes.reduce((sum, axis, i) => sum + (position[from + i] as number) * (strides[axis] as number), 0);
  const stepsA: number[] = [];
  const stepsB: number[] = [];
  eachPosition(contracted, (k) => {
    stepsA.push(at(p.contractA, sa, k, 0));
    stepsB.push(at(p.contractB, sb, k, 0));
  });
  const nb = p.batchA.length;
  const integer = !isFloat(out.dtype);
  const result = new Float64Array(sizeOf(out.shape));
  eachPosition(out.shape, (pos, i) => {
    const baseA = at(p.batchA, sa, pos, 0) + at(freeA, sa, pos, nb);
    const baseB = at(p.batchB, sb, pos, 0) + at(freeB, sb, pos, nb + freeA.length);
    let sum = 0;
    for (let k = 0; k < stepsA.length; k++) {
      const x = a.data[baseA + (stepsA[k] as number)] as number;
      const y = b.data[baseB + (stepsB[k] as number)] as number;
      sum = integer ? (sum + Math.imul(x, y)) | 0 : sum + x * y;
    }
    result[i] = toDType(sum, out.dtype);
  });
  return result;
}

function convOnHost(x: HostTensor, w: HostTensor, p: ConvParams, out: Aval): Float64Array {
  const [, channels = 0, ...space] = x.shape;
  const [outputs = 0, perGroup = 0, ...taps] = w.shape;
  const sx = stridesOf(x.shape);
  const sw = stridesOf(w.shape);
  const result = new Float64Array(sizeOf(out.shape));
  eachPosition(out.shape, ([b = 0, co = 0, ...pos], i) => {
    const group = Math.floor(co / (outputs / p.groups));
    let sum = 0;
    eachPosition(taps, (t) => {
      let atX = b * (sx[0] as number) + group * (channels / p.groups) * (sx[1] as number);
      let atW = co * (sw[0] as number);
      for (let a = 0; a < space.length; a++) {
        const dilated =
          (pos[a] as number) * dim(p.stride, a) + (t[a] as number) * dim(p.dilation, a) - p.padding[a]![0];
        const source = dilated / dim(p.inputDilation, a);
        if (!Number.isInteger(source) || source < 0 || source >= dim(space, a)) return;
        atX += source * (sx[a + 2] as number);
        atW += (t[a] as number) * (sw[a + 2] as number);
      }
      for (let c = 0; c < perGroup; c++)
        sum +=
          (x.data[atX + c * (sx[1] as number)] as number) * (w.data[atW + c * (sw[1] as number)] as number);
    });
    result[i] = sum;
  });
  return result;
}
