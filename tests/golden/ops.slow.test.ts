// Operators against independent reference values: outputs, gradients, running statistics.
import { expect } from "vitest";
import { evaluate } from "../../engine/evaluate.ts";
import * as m from "../../mod.ts";
import * as vision from "../../vision.ts";
import { useNodeDevice } from "../functions/check.ts";
import { relativeDistance } from "./closeness.ts";
import { type Golden, goldenTest } from "./golden-file.ts";

useNodeDevice();

const TOLERANCE = 1e-5;

type Operands = Record<string, m.Tensor>;

/** Compares what `f` makes of some tensors of the file, and the gradients of sum(y * cot), with the file's. */
async function compare(
  file: Golden,
  variant: string,
  cotangent: string,
  operands: Operands,
  f: (operands: Operands) => { y: m.Tensor; extra?: Operands },
): Promise<void> {
  const cot = file.tensor(`input/${cotangent}`);
  const { value, grads, aux } = m.valueAndGrad((tree: Operands) => {
    const { y, extra = {} } = f(tree);
    return { loss: y.mul(cot).sum(), aux: { y, ...extra } };
  })(operands);
  const got: Operands = { [`output_${variant}/loss`]: value };
  for (const [name, x] of Object.entries(aux as Operands)) got[`output_${variant}/${name}`] = x;
  for (const [name, x] of Object.entries(grads)) {
    for (const path of [`grad_${variant}/${name}`, `grad_input_${variant}/${name}`])
      if (file.names.includes(path)) got[path] = x;
  }
  evaluate(Object.values(got).map((x) => x.node));
  const far: Record<string, number> = {};
  for (const [name, x] of Object.entries(got)) {
    expect(x.shape, name).toEqual(file.array(name).shape);
    const distance = relativeDistance(await x.data(), file.values(name));
    if (!(distance <= TOLERANCE)) far[name] = distance;
  }
  expect(far).toEqual({});
  const expected = file.names.filter(
    (n) => /^(output|grad|grad_input)_/.test(n) && n.includes(`_${variant}/`),
  );
  expect(Object.keys(got).sort()).toEqual(expected.sort());
}

const operand = (file: Golden, kind: string, name: string): Operands => ({
  [name]: file.tensor(`${kind}/${name}`),
});

interface ConvConfig {
  stride: number | number[];
  padding: number | number[];
  dilation?: number;
  groups: number;
}

function convTests(path: string, cases: readonly string[], conv: typeof m.conv2d): void {
  for (const name of cases) {
    goldenTest(path, `${name}: output and gradients`, async (file) => {
      const config = (JSON.parse(file.metadata.config as string) as Record<string, ConvConfig>)[name];
      const [x, w, b] = [`${name}.x`, `${name}.w`, `${name}.b`];
      const operands = {
        ...operand(file, "input", x),
        ...operand(file, "param", w),
        ...operand(file, "param", b),
      };
      await compare(file, name, `${name}.cot`, operands, (t) => ({
        y: conv(t[x] as m.Tensor, t[w] as m.Tensor, { bias: t[b], ...config }),
      }));
    });
  }
}

convTests("resnet/ops", ["conv_a", "conv_b", "conv_c", "conv_d", "conv_e"], m.conv2d);
convTests("hdc/ops3d", ["conv3d_a", "conv3d_b", "conv3d_c", "conv3d_d", "conv3d_e"], m.conv3d);

const zeroPadded = (x: m.Tensor) =>
  x.pad([
    [0, 0],
    [0, 0],
    [1, 1],
    [1, 1],
  ]);

const pools: Record<string, (x: m.Tensor) => m.Tensor> = {
  max32: (x) => vision.maxPool2d(x, { kernelSize: 3, stride: 2, padding: 1 }),
  max32_zero: (x) => vision.maxPool2d(zeroPadded(x), { kernelSize: 3, stride: 2 }),
  max22: (x) => vision.maxPool2d(x, { kernelSize: 2 }),
  avg22: (x) => vision.avgPool2d(x, { kernelSize: 2 }),
  avg22_same: (x) => vision.avgPool2d(x, { kernelSize: 2, ceilMode: true }),
  avg32: (x) => vision.avgPool2d(x, { kernelSize: 3, stride: 2, padding: 1 }),
  adaptive43: (x) => vision.adaptiveAvgPool2d(x, [4, 3]),
  global: (x) => vision.globalAvgPool(x, { keepDims: true }),
};
for (const [name, pool] of Object.entries(pools)) {
  goldenTest("resnet/ops", `pool ${name}: output and gradient`, (file) =>
    compare(file, `pool_${name}`, `pool.cot_${name}`, operand(file, "input", "pool.x"), (t) => ({
      y: pool(t["pool.x"] as m.Tensor),
    })),
  );
}

const pools3d: Record<string, (x: m.Tensor) => m.Tensor> = {
  max222: (x) => vision.maxPool3d(x, { kernelSize: 2 }),
  max122: (x) => vision.maxPool3d(x, { kernelSize: [1, 2, 2] }),
  max333: (x) => vision.maxPool3d(x, { kernelSize: 3, stride: 2, padding: 1 }),
  avg222: (x) => vision.avgPool3d(x, { kernelSize: 2 }),
  global: (x) => vision.globalAvgPool(x, { keepDims: true }),
};
for (const [name, pool] of Object.entries(pools3d)) {
  goldenTest("hdc/ops3d", `pool3d ${name}: output and gradient`, (file) =>
    compare(file, `pool3d_${name}`, `pool3d.cot_${name}`, operand(file, "input", "pool3d.x"), (t) => ({
      y: pool(t["pool3d.x"] as m.Tensor),
    })),
  );
}

for (const name of ["bn_1d", "bn_2d", "bn_3d"]) {
  for (const training of [true, false]) {
    const variant = `${name}_${training ? "train" : "eval"}`;
    goldenTest("resnet/ops", `${variant}: output, gradients and running statistics`, async (file) => {
      const { eps, momentum } = JSON.parse(file.metadata.config as string)[name] as {
        eps: number;
        momentum: number;
      };
      const [weight, bias] = [`${name}.weight`, `${name}.bias`];
      const running = {
        mean: file.tensor(`param/${name}.running_mean`),
        variance: file.tensor(`param/${name}.running_var`),
      };
      const operands = {
        ...operand(file, "input", `${name}.x`),
        ...operand(file, "param", weight),
        ...operand(file, "param", bias),
      };
      await compare(file, variant, `${name}.cot`, operands, (t) => {
        const options = { weight: t[weight], bias: t[bias], eps, momentum, training };
        const first = m.batchNorm(t[`${name}.x`] as m.Tensor, { ...options, ...running });
        if (!training) return { y: first.output };
        const after = (count: number, { mean, variance }: Omit<typeof first, "output">) => ({
          [`after${count}/${name}.running_mean`]: mean,
          [`after${count}/${name}.running_var`]: variance,
        });
        const { output: _, ...moved } = first;
        const second = m.batchNorm(file.tensor(`input/${name}.x2`), { ...options, ...moved });
        return { y: first.output, extra: { ...after(1, first), ...after(2, second) } };
      });
    });
  }
}

goldenTest("resnet/ops", "ln: output and gradients", (file) => {
  const operands = {
    ...operand(file, "input", "ln.x"),
    ...operand(file, "param", "ln.weight"),
    ...operand(file, "param", "ln.bias"),
  };
  return compare(file, "ln", "ln.cot", operands, (t) => ({
    y: m.layerNorm(t["ln.x"] as m.Tensor, [6], { weight: t["ln.weight"], bias: t["ln.bias"], eps: 1e-6 }),
  }));
});

goldenTest("resnet/ops", "gn: output and gradients", (file) => {
  const operands = {
    ...operand(file, "input", "gn.x"),
    ...operand(file, "param", "gn.weight"),
    ...operand(file, "param", "gn.bias"),
  };
  return compare(file, "gn", "gn.cot", operands, (t) => ({
    y: m.groupNorm(t["gn.x"] as m.Tensor, 2, { weight: t["gn.weight"], bias: t["gn.bias"] }),
  }));
});
