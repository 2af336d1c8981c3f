import { beforeAll, describe, expect, test } from "vitest";
import { configureDevice, key, ones, tensor, treeLeaves } from "../../mod.ts";
import { loadPublished, ScatSimClr, savePublished, WeightsError } from "../../models/mod.ts";
import { goldenTest } from "../golden/golden-file.ts";
import { distance } from "../support/distance.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const tiny = (seed = 0, normaliseScattering = false) =>
  new ScatSimClr({
    key: key(seed),
    scattering: { J: 2, L: 2, shape: [8, 12] },
    adapter: { stem: 2, stages: [{ width: 3, blocks: 1 }] },
    out: 4,
    normaliseScattering,
  });

const numbers = async (model: unknown) =>
  Promise.all(treeLeaves(model).map(async ({ path, value }) => [path, Array.from(await value.data())]));

describe("a published state dict", () => {
  test("is what is written, with filters and the norm that is not applied", () => {
    const names = Object.keys(savePublished(tiny()));
    expect(names.filter((name) => name.startsWith("_scatnet_bn."))).toHaveLength(5);
    // Two levels of phi, and one of each of the four wavelets: those of the last scale are not used at a lower one.
    const filters = names.filter((name) => name.startsWith("_scatnet.tensor"));
    expect(filters).toEqual([0, 1, 2, 3, 4, 5].map((i) => `_scatnet.tensor${i}`));
    expect(savePublished(tiny())["_scatnet.tensor0"]?.shape).toEqual([16, 20, 1]);
    expect(savePublished(tiny())["_scatnet.tensor1"]?.shape).toEqual([8, 10, 1]);
    expect(savePublished(tiny())["_scatnet_bn.weight"]?.shape).toEqual([27]);
  });

  test("is read back without loss, also from a wrapped model", async () => {
    const saved = savePublished(tiny(1));
    const report = loadPublished(tiny(2), saved);
    expect([report.missing, report.unexpected, report.misshapen]).toEqual([[], [], []]);
    expect(await numbers(report.model)).toEqual(await numbers(tiny(1)));
    const wrapped = Object.fromEntries(Object.entries(saved).map(([name, x]) => [`module.${name}`, x]));
    expect(await numbers(loadPublished(tiny(2), wrapped).model)).toEqual(await numbers(tiny(1)));
  });

  test("that does not fit is told name by name", () => {
    const { "l2.bias": _, ...rest } = savePublished(tiny());
    const bad = { ...rest, "l1.weight": ones([2, 2]), "l3.weight": ones([1]) };
    expect(() => loadPublished(tiny(), bad)).toThrow(WeightsError);
    const report = loadPublished(tiny(), bad, { strict: false });
    expect(report.missing).toEqual(["l2.bias"]);
    expect(report.unexpected).toEqual(["l3.weight"]);
    expect(report.misshapen.map(({ name }) => name)).toEqual(["l1.weight"]);
  });

  test("gives its norm to models that apply it", async () => {
    const saved = { ...savePublished(tiny(0, true)), "_scatnet_bn.bias": ones([27]) };
    const { model } = loadPublished(tiny(0, true), saved);
    const blank = tensor(new Float32Array(27 * 6), { shape: [1, 27, 2, 3] });
    const [with_, without] = [model.encode(blank).h, loadPublished(tiny(), saved).model.encode(blank).h];
    expect(distance(await with_.data(), await without.data())).toBeGreaterThan(0);
  });
});

goldenTest("scattering/filters_J2_L8_32x32", "filters are in the order of the reference", async (golden) => {
  const model = new ScatSimClr({
    key: key(0),
    scattering: { J: 2, L: 8, shape: [32, 32] },
    adapter: { stem: 1, stages: [] },
    out: 1,
  });
  const saved = savePublished(model);
  const [rows = 0, columns = 0] = golden.array("phi_res0").shape;
  expect(saved["_scatnet.tensor0"]?.shape).toEqual([rows, columns, 1]);
  const psi = golden.values("psi_res0");
  const third = await saved["_scatnet.tensor4"]?.data();
  expect(
    distance(third as ArrayLike<number>, psi.subarray(2 * rows * columns, 3 * rows * columns)),
  ).toBeLessThan(1e-6);
});
