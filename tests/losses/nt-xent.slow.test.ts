import { beforeAll, describe, expect, test } from "vitest";
import { logSums, ntXent } from "../../losses/contrastive/nt-xent.ts";
import { configureDevice, explain, grad, ShapeError, type Tensor, tensor, valueAndGrad } from "../../mod.ts";
import { goldenTest } from "../golden/golden-file.ts";
import { distance, largest } from "../support/distance.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

describe("values and gradients of the reference", () => {
  for (const name of [
    "N2_D4_T0.5_cosine",
    "N4_D8_T0.5_cosine",
    "N4_D8_T0.5_cosine_raw",
    "N4_D8_T0.5_dot_raw",
    "N5_D3_T1_cosine",
    "N6_D16_T0.07_cosine",
    "N8_D128_T0.5_cosine",
    "N16_D32_T0.1_cosine",
    "N64_D128_T0.5_cosine",
  ]) {
    goldenTest(`scatsimclr/ntxent_${name}`, name, async (golden) => {
      const temperature = Number(/_T([\d.]+)/.exec(name)?.[1]);
      const similarity = name.includes("dot") ? "dot" : "cosine";
      const { value, grads } = valueAndGrad(({ zi, zj }) => ntXent(zi, zj, { temperature, similarity }))({
        zi: golden.tensor("zi"),
        zj: golden.tensor("zj"),
      });
      const [loss, zi, zj] = await Promise.all([value.item(), grads.zi.data(), grads.zj.data()]);
      const wanted = golden.values("loss")[0] as number;
      expect(Math.abs(loss - wanted)).toBeLessThan(1e-5 * Math.max(1, wanted));
      for (const [gradient, key] of [
        [zi, "grad_zi"],
        [zj, "grad_zj"],
      ] as const) {
        expect(distance(gradient, golden.values(key))).toBeLessThan(5e-6 * largest(golden.values(key)));
      }
    });
  }
});

/** Loss and gradients in float64, as the paper has them. */
function byDefinition(z: readonly number[][], temperature: number, cosine: boolean) {
  const half = z.length / 2;
  const lengths = z.map((row) => (cosine ? Math.max(1e-12, Math.hypot(...row)) : 1));
  const r = z.map((row, i) => row.map((x) => x / (lengths[i] as number)));
  const dot = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, x, k) => sum + x * (b[k] as number), 0);
  const pull = r.map((row) => row.map(() => 0));
  let loss = 0;
  r.forEach((row, i) => {
    const scores = r.map((other, k) => (k === i ? -Infinity : dot(row, other) / temperature));
    const most = Math.max(...scores);
    const total = scores.reduce((sum, s) => sum + Math.exp(s - most), 0);
    const positive = (i + half) % z.length;
    loss += (most + Math.log(total) - (scores[positive] as number)) / z.length;
    scores.forEach((score, k) => {
      const e = (Math.exp(score - most) / total - (k === positive ? 1 : 0)) / (z.length * temperature);
      row.forEach((x, c) => {
        (pull[i] as number[])[c]! += e * ((r[k] as number[])[c] as number);
        (pull[k] as number[])[c]! += e * x;
      });
    });
  });
  const gradient = pull.map((p, i) => {
    const along = cosine ? dot(p, r[i] as number[]) : 0;
    return p.map((x, c) => (x - along * ((r[i] as number[])[c] as number)) / (lengths[i] as number));
  });
  return { loss, gradient };
}

describe("agrees with the definition where the reference has no file", () => {
  test.each([
    [3, 5, 0.3, "cosine"],
    [7, 2, 2, "dot"],
    [33, 17, 0.05, "cosine"],
    [20, 1, 0.5, "dot"],
  ] as const)("N %i, D %i, T %f, %s", async (N, D, temperature, similarity) => {
    const rows = Array.from({ length: 2 * N }, (_, i) =>
      Array.from({ length: D }, (_, k) => Math.fround(Math.sin(1 + (i * D + k) ** 2))),
    );
    const [zi, zj] = [tensor(rows.slice(0, N)), tensor(rows.slice(N))];
    const { value, grads } = valueAndGrad(({ zi, zj }) => ntXent(zi, zj, { temperature, similarity }))({
      zi,
      zj,
    });
    const [loss, gi, gj] = await Promise.all([value.item(), grads.zi.data(), grads.zj.data()]);
    const wanted = byDefinition(rows, temperature, similarity === "cosine");
    const gradient = Float64Array.from(wanted.gradient.flat());
    expect(Math.abs(loss - wanted.loss)).toBeLessThan(1e-5 * Math.max(1, wanted.loss));
    expect(distance([...gi, ...gj], gradient)).toBeLessThan(1e-5 * largest(gradient));
  });

  test("also in blocks, as large batches are", async () => {
    const rows = tensor(
      Float32Array.from({ length: 11 * 3 }, (_, i) => Math.sin(i * i)),
      { shape: [11, 3] },
    );
    const weights = tensor(Float32Array.from({ length: 11 }, (_, i) => Math.cos(i)));
    const run = async (largest?: number) => {
      const { value, grads } = valueAndGrad((x: Tensor) => logSums(x, 0.5, largest).mul(weights).sum())(rows);
      return [(await value.item()) as number, ...(await grads.data())];
    };
    const whole = await run();
    for (const room of [40, 5])
      expect(distance(await run(room), Float64Array.from(whole))).toBeLessThan(1e-6);
  });
});

test("one image has nothing to tell apart", async () => {
  expect(await ntXent(tensor([[1, 2]]), tensor([[3, -1]])).item()).toBeCloseTo(0, 6);
});

test("views that agree beat views that do not", async () => {
  const [a, b] = [
    tensor([
      [1, 0],
      [0, 1],
    ]),
    tensor([
      [0, 1],
      [1, 0],
    ]),
  ];
  expect(await ntXent(a, a).item()).toBeLessThan(await ntXent(a, b).item());
});

test("refuses what does not fit", () => {
  const z = tensor([[1, 2]]);
  expect(() => ntXent(z, tensor([[1, 2, 3]]))).toThrow(ShapeError);
  expect(() => ntXent(tensor([1]), tensor([1]))).toThrow(ShapeError);
  const none = tensor(new Float32Array(0), { shape: [0, 4] });
  expect(() => ntXent(none, none)).toThrow("ntXent: not two matrices of one shape");
  expect(() => ntXent(z, z, { temperature: 0 })).toThrow("temperature is 0");
  expect(() => ntXent(z, z, { similarity: "l2" as never })).toThrow(
    'similarity is l2; need "cosine" or "dot"',
  );
});

test("takes ten kernels with its gradient, two of them products", () => {
  const z = tensor(
    Float32Array.from({ length: 128 * 16 }, (_, i) => Math.sin(i * i)),
    { shape: [128, 16] },
  );
  const step = (zi: Tensor, zj: Tensor) => {
    const { value, grads } = valueAndGrad((z: { zi: Tensor; zj: Tensor }) => ntXent(z.zi, z.zj))({ zi, zj });
    return { value, grads };
  };
  const { kernels, dispatches, peakBytes } = explain(step, z, z.mul(2).add(1));
  expect(kernels.filter(({ ops }) => ops.includes("matmul"))).toHaveLength(2); // similarities, and what they pull
  expect(dispatches).toBeLessThanOrEqual(10);
  expect(peakBytes).toBeLessThan(4 * (3 * 256 * 256 + 20 * 256 * 16));
});

test("its gradient has a gradient", async () => {
  const values = (seed: number) =>
    tensor(
      Float32Array.from({ length: 12 }, (_, i) => Math.cos(seed + i * i)),
      { shape: [3, 4] },
    );
  const direction = values(9);
  const slope = (zi: Tensor) =>
    grad((z: Tensor) => ntXent(z, values(2)))(zi)
      .mul(direction)
      .sum();
  const second = await grad(slope)(values(1)).data();
  const along = async (t: number) => (await slope(values(1).add(values(5).mul(t))).item()) as number;
  const wanted = ((await along(1e-2)) - (await along(-1e-2))) / 2e-2;
  const got = (await tensor(Array.from(second))
    .mul(values(5).reshape([-1]))
    .sum()
    .item()) as number;
  expect(Math.abs(got - wanted)).toBeLessThan(2e-3 * Math.max(1, Math.abs(wanted)));
});
