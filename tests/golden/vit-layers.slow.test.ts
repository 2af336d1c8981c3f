// Building blocks of vision transformers against independent reference values: outputs and gradients.
import { expect, test } from "vitest";
import { evaluate } from "../../engine/evaluate.ts";
import * as m from "../../mod.ts";
import { adaptiveAvgPool2d, interpolate } from "../../vision.ts";
import { useNodeDevice } from "../functions/check.ts";
import { relativeDistance } from "./closeness.ts";
import { type Golden, goldenTest, readGolden } from "./golden-file.ts";

useNodeDevice();

const TOLERANCE = 1e-5;

type Operands = Record<string, m.Tensor>;

/** Compares f(operands) with `out`, and the gradients of sum(f * probe) with those named after the operands. */
async function compare(
  file: Golden,
  names: { out: string; grads: Record<string, string> },
  operands: Operands,
  probe: m.Tensor | null,
  f: (operands: Operands) => m.Tensor,
): Promise<void> {
  const { grads, aux } = m.valueAndGrad((tree: Operands) => {
    const out = f(tree);
    return { loss: (probe ? out.mul(probe) : out).sum(), aux: out };
  })(operands);
  const got: [string, m.Tensor][] = [[names.out, aux as m.Tensor]];
  for (const [operand, name] of Object.entries(names.grads)) got.push([name, grads[operand] as m.Tensor]);
  evaluate(got.map(([, x]) => x.node));
  const far: Record<string, number> = {};
  for (const [name, x] of got) {
    expect(x.shape, name).toEqual(file.array(name).shape);
    const distance = relativeDistance(await x.data(), file.values(name));
    if (!(distance <= TOLERANCE)) far[name] = distance;
  }
  expect(far).toEqual({});
}

const LAYERS = "vit/layers";

goldenTest(LAYERS, "layer norm", (file) =>
  compare(
    file,
    {
      out: "norm.out",
      grads: { x: "norm.grad_x", weight: "norm.grad_weight", bias: "norm.grad_bias" },
    },
    { x: file.tensor("input.x"), weight: file.tensor("input.gamma"), bias: file.tensor("input.beta") },
    file.tensor("input.probe"),
    ({ x, weight, bias }) => m.layerNorm(x as m.Tensor, [36], { weight, bias, eps: 1e-6 }),
  ),
);

goldenTest(LAYERS, "gelu on a sweep", (file) =>
  compare(
    file,
    { out: "gelu.out", grads: { x: "gelu.grad" } },
    { x: file.tensor("input.sweep") },
    null,
    ({ x }) => m.gelu(x as m.Tensor),
  ),
);

const rowFunctions: Record<string, (x: m.Tensor) => m.Tensor> = {
  unit: (x) => m.normalize(x, { axis: -1 }),
  softmax: (x) => m.softmax(x),
  log_softmax: (x) => m.logSoftmax(x.div(0.1)),
};
for (const [name, f] of Object.entries(rowFunctions)) {
  goldenTest(LAYERS, name, (file) =>
    compare(
      file,
      { out: `${name}.out`, grads: { x: `${name}.grad_x` } },
      { x: file.tensor("input.x") },
      file.tensor("input.probe"),
      ({ x }) => f(x as m.Tensor),
    ),
  );
}

goldenTest(LAYERS, "patches as a strided convolution", (file) =>
  compare(
    file,
    {
      out: "patch.out",
      grads: { image: "patch.grad_image", weight: "patch.grad_weight", bias: "patch.grad_bias" },
    },
    {
      image: file.tensor("input.image"),
      weight: file.tensor("input.patch_weight"),
      bias: file.tensor("input.patch_bias"),
    },
    file.tensor("input.patch_probe"),
    ({ image, weight, bias }) =>
      m
        .conv2d(image as m.Tensor, weight as m.Tensor, { bias, stride: 8 })
        .reshape([2, 10, 6])
        .transpose(-1, -2),
  ),
);

goldenTest(LAYERS, "linear with a normalised weight", (file) =>
  compare(
    file,
    {
      out: "weight_norm.out",
      grads: { x: "weight_norm.grad_x", v: "weight_norm.grad_v", g: "weight_norm.grad_g" },
    },
    { x: file.tensor("input.x"), v: file.tensor("input.v"), g: file.tensor("input.g") },
    file.tensor("input.wn_probe"),
    ({ x, v, g }) => m.linear(x as m.Tensor, m.normalize(v as m.Tensor, { axis: -1 }).mul(g as m.Tensor)),
  ),
);

interface GridCase {
  case: number;
  side: number;
  target: [number, number];
  rules: ("dino" | "esvit" | "size")[];
}

const GRIDS = "vit/pos_interpolation";
const grids = readGolden(GRIDS);
if (!grids) test.skip(`bicubic grids (needs shared/golden/${GRIDS}, which is not here)`, () => {});
for (const { case: number, side, target, rules } of JSON.parse(
  grids?.metadata.config ?? "[]",
) as GridCase[]) {
  for (const rule of rules) {
    const [h, w] = target;
    goldenTest(GRIDS, `bicubic ${side} to ${target}, rule ${rule}`, (file) => {
      const factor = {
        size: { size: target },
        dino: { scaleFactor: [(h + 0.1) / side, (w + 0.1) / side] },
        esvit: { scaleFactor: Math.sqrt((h * w) / side ** 2) },
      }[rule];
      const prefix = `case.${number}`;
      return compare(
        file,
        { out: `${prefix}.${rule}.out`, grads: { grid: `${prefix}.${rule}.grad_grid` } },
        { grid: file.tensor(`${prefix}.grid`) },
        file.tensor(`${prefix}.${rule}.probe`),
        ({ grid }) =>
          interpolate((grid as m.Tensor).reshape([1, side, side, 6]).permute([0, 3, 1, 2]), {
            ...factor,
            mode: "bicubic",
          })
            .permute([0, 2, 3, 1])
            .reshape([1, h * w, 6]),
      );
    });
  }
}

const POOL = "scatsimclr/adaptive_pool4";
for (const i of [0, 1, 2, 3, 4, 5, 6]) {
  goldenTest(POOL, `adaptive mean to 4 x 4, case ${i}`, (file) =>
    compare(
      file,
      { out: `y${i}`, grads: { x: `grad${i}` } },
      { x: file.tensor(`x${i}`) },
      file.tensor(`cot${i}`),
      ({ x }) => adaptiveAvgPool2d(x as m.Tensor, 4),
    ),
  );
}
