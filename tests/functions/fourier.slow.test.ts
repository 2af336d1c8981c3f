import { expect, test } from "vitest";
import { splitLength } from "../../engine/functions/dft.ts";
import * as nodes from "../../engine/functions/fourier.ts";
import { eachPosition } from "../../engine/ops/host-loops.ts";
import * as m from "../../mod.ts";
import * as signal from "../../signal.ts";
import { check, errorOf, useNodeDevice } from "./check.ts";
import { checkGrids, type ExpectedGrid, Grid, range, zeros } from "./grids.ts";
import { checkGradients, operand } from "./host-gradients.ts";

useNodeDevice();

interface Parts {
  readonly re: Grid;
  readonly im: Grid;
}

/** The sums of the definition, along one axis; sign -1 is forward. */
function transform({ re, im }: Parts, axis: number, sign: number, outputs?: number): Parts {
  const n = re.shape[axis]!;
  const count = outputs ?? n;
  const shape = re.shape.map((size, i) => (i === axis ? count : size));
  const result = { re: zeros(shape), im: zeros(shape) };
  const waves = range(n).map(
    (t) => [Math.cos((2 * Math.PI * t) / n), Math.sin((2 * Math.PI * t) / n)] as const,
  );
  eachPosition(re.shape, (at) => {
    const [x, y] = [re.get(...at), im.get(...at)];
    for (let k = 0; k < count; k++) {
      const [c, s] = waves[(at[axis]! * k) % n]!;
      const to = at.map((p, i) => (i === axis ? k : p));
      result.re.add(to, x * c - sign * y * s);
      result.im.add(to, y * c + sign * x * s);
    }
  });
  return result;
}

const real = (re: Grid): Parts => ({ re, im: zeros(re.shape) });
const scaled = (x: Grid, by: number) =>
  new Grid(
    x.shape,
    x.data.map((v) => v * by),
  );
const tensors = ({ re, im }: Parts) => ({ re: re.tensor, im: im.tensor });
const random = (shape: number[], seed: number): Parts => ({
  re: Grid.random(shape, seed),
  im: Grid.random(shape, seed + 1),
});

function expectParts(
  into: Record<string, ExpectedGrid>,
  name: string,
  got: signal.Complex,
  want: Parts,
): void {
  // Both parts by the size of the larger one.
  const most = Math.max(...want.re.data.map(Math.abs), ...want.im.data.map(Math.abs));
  for (const part of ["re", "im"] as const) {
    const own = Math.max(1e-6, ...want[part].data.map(Math.abs));
    into[`${name} ${part}`] = [got[part], want[part], (1e-6 * most) / own];
  }
}

test("lengths of every kind: small, even, odd, split in two and three, prime and twice a prime", async () => {
  for (const lengths of [
    [1, 2, 3, 7, 16, 60],
    [64, 65, 72, 100],
    [67, 134, 4225],
    [263, 514],
  ]) {
    const cases: Record<string, ExpectedGrid> = {};
    for (const n of lengths) {
      const x = random([2, n], n);
      expectParts(cases, `fft ${n}`, signal.fft(tensors(x)), transform(x, 1, -1));
      if (n > 300) continue;
      const back = transform(x, 1, 1);
      expectParts(cases, `ifft ${n}`, signal.ifft(tensors(x)), {
        re: scaled(back.re, 1 / n),
        im: scaled(back.im, 1 / n),
      });
      const half = transform(real(x.re), 1, -1, Math.floor(n / 2) + 1);
      expectParts(cases, `rfft ${n}`, signal.rfft(x.re.tensor), half);
      cases[`irfft of rfft ${n}`] = [signal.irfft(signal.rfft(x.re.tensor), { n }), x.re];
    }
    await checkGrids(cases);
  }
});

test("how lengths are split", () => {
  expect(splitLength(100)).toEqual([10, 10]);
  expect(splitLength(4096)).toEqual([64, 64]);
  expect(splitLength(65536)?.reduce((a, b) => a * b)).toBe(65536);
  expect(splitLength(2 * 67)).toBe(null);
});

test("axes, lengths and norms", async () => {
  const x = random([3, 5, 2], 1);
  const cut: Parts = {
    re: Grid.from([3, 4, 2], (...at) => x.re.get(...at)),
    im: Grid.from([3, 4, 2], (...at) => x.im.get(...at)),
  };
  const filled: Parts = {
    re: Grid.from([4, 5, 2], (...at) => x.re.read(at)),
    im: Grid.from([4, 5, 2], (...at) => x.im.read(at)),
  };
  const by = ({ re, im }: Parts, factor: number): Parts => ({
    re: scaled(re, factor),
    im: scaled(im, factor),
  });
  const cases: Record<string, ExpectedGrid> = {};
  expectParts(
    cases,
    "cut, ortho",
    signal.fft(tensors(x), { axis: 1, n: 4, norm: "ortho" }),
    by(transform(cut, 1, -1), 0.5),
  );
  expectParts(
    cases,
    "filled, forward",
    signal.fft(tensors(x), { axis: 0, n: 4, norm: "forward" }),
    by(transform(filled, 0, -1), 1 / 4),
  );
  expectParts(
    cases,
    "inverse, forward",
    signal.ifft(tensors(x), { axis: -2, norm: "forward" }),
    transform(x, 1, 1),
  );
  const both = transform(transform(x, 1, -1), 0, -1);
  expectParts(cases, "fft2", signal.fft2(tensors(x), { axes: [0, 1] }), both);
  const plane = transform(transform(real(x.re), 2, -1), 1, -1);
  expectParts(cases, "fft2 of a real signal", signal.fft2(x.re.tensor), plane);
  expectParts(
    cases,
    "ifft2 of fft2",
    signal.ifft2(signal.fft2(tensors(x), { norm: "ortho" }), { norm: "ortho" }),
    x,
  );
  const half = transform(transform(real(x.re), 1, -1, 3), 0, -1);
  expectParts(cases, "rfft2", signal.rfft2(x.re.tensor, { axes: [0, 1] }), half);
  cases["irfft2 of rfft2"] = [
    signal.irfft2(signal.rfft2(x.re.tensor, { axes: [0, 1] }), { axes: [0, 1], size: [3, 5] }),
    x.re,
  ];
  await checkGrids(cases);
});

test("a spectrum's parts that a real signal cannot have do not count", async () => {
  const im = m.tensor([7, 0, -3]);
  await check({ irfft: [signal.irfft({ re: m.tensor([4, 0, 0]), im }), [1, 1, 1, 1]] });
});

test("frequencies and shifts", async () => {
  const x = m.arange(5);
  await check({
    even: [signal.fftFreq(4), [0, 0.25, -0.5, -0.25], 0],
    odd: [signal.fftFreq(5, { spacing: 0.1 }), [0, 2, 4, -4, -2]],
    half: [signal.rfftFreq(5), [0, 0.2, 0.4]],
    shifted: [signal.fftShift(x), [3, 4, 0, 1, 2], 0],
    "shifted back": [signal.ifftShift(signal.fftShift(x)), [0, 1, 2, 3, 4], 0],
    "one axis of two": [
      signal.fftShift(
        m.tensor([
          [1, 2],
          [3, 4],
        ]),
        { axes: 1 },
      ),
      [
        [2, 1],
        [4, 3],
      ],
      0,
    ],
  });
});

test("gradients, and those of gradients", () => {
  // Lengths of which no table is on the device: the host could not read it.
  for (const n of [5, 71, 75]) {
    checkGradients((re, im) => nodes.fft({ re, im }).im, [operand([n], 1), operand([n], 2)]);
    checkGradients((x) => nodes.rfft(x).re, [operand([2, n])]);
    checkGradients(
      (re, im) => nodes.irfft({ re, im }, { n }),
      [operand([Math.floor(n / 2) + 1], 1), operand([Math.floor(n / 2) + 1], 2)],
    );
  }
  checkGradients((x) => nodes.fft2(x).re, [operand([3, 4])], { second: true });
  checkGradients(
    (re, im) => nodes.ifft2({ re, im }, { size: [2, 5] }).re,
    [operand([3, 4], 1), operand([3, 4], 2)],
  );
});

test("refuses what is no signal", () => {
  expect(errorOf(() => signal.fft(m.zeros([4]), { axis: 1 })).name).toBe("AxisError");
  expect(errorOf(() => signal.fft(m.zeros([0])))).toEqual({
    name: "AxisError",
    op: "fft",
    problem: "a signal of length 0",
  });
  expect(errorOf(() => signal.irfft({ re: m.zeros([1]), im: m.zeros([1]) })).problem).toBe(
    "a signal of length 0",
  );
  expect(errorOf(() => signal.fft({ re: m.zeros([4]), im: m.zeros([3]) })).problem).toBe(
    "real and imaginary part differ",
  );
  expect(errorOf(() => signal.rfft(m.tensor([1, 2], { dtype: "i32" })))).toMatchObject({
    name: "DTypeError",
    op: "rfft",
  });
  expect(errorOf(() => signal.fft2(m.zeros([4]))).name).toBe("AxisError");
});
