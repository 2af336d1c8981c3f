// Parts of Swin transformers against independent reference values.
import { beforeAll, describe, expect } from "vitest";
import { configureDevice, key, type Tensor, take, tensor, valueAndGrad } from "../../mod.ts";
import {
  loadWeights,
  PatchMerging,
  partition,
  relativeBias,
  relativePositionIndex,
  resizeBiasTable,
  shiftMask,
  unpartition,
  type Windowing,
} from "../../models/mod.ts";
import { nodeGPU } from "../support/host.ts";
import { expectClose } from "./closeness.ts";
import { goldenTest } from "./golden-file.ts";
import { configOf } from "./vit-config.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const PARTS = "swin/parts";

describe("golden parts of Swin transformers", () => {
  goldenTest(PARTS, "which offset a pair of positions has", async (file) => {
    for (const w of [3, 4, 7]) {
      expect(relativePositionIndex(w).flat()).toEqual([...file.values(`bias_index.${w}`)]);
      const table = tensor(
        Float32Array.from({ length: (2 * w - 1) ** 2 * 2 }, (_, i) => Math.sin(i)),
        { shape: [(2 * w - 1) ** 2, 2] },
      );
      const gathered = take(table, file.tensor(`bias_index.${w}`).flatten(), { axis: 0 }).transpose();
      expect([...(await relativeBias(table, w).data())]).toEqual([...(await gathered.data())]);
    }
  });

  goldenTest(PARTS, "masks of shifted windows", async (file) => {
    const { masks } = configOf<{ masks: (Windowing & { side: number })[] }>(file);
    for (const [i, { side, ...windowing }] of masks.entries()) {
      await expectClose(shiftMask(side, windowing), () => file.values(`mask.${i}`), 0);
    }
  });

  goldenTest(PARTS, "windows and back", async (file) => {
    const x = file.tensor("partition.x");
    const plain = { window: 4, shift: 0 };
    const shifted = { window: 4, shift: 2 };
    await expectClose(partition(x, plain), () => file.values("partition.windows4"), 0);
    await expectClose(partition(x, shifted), () => file.values("partition.shifted2_windows4"), 0);
    for (const windowing of [plain, shifted, { window: 3, shift: 1 }]) {
      await expectClose(
        unpartition(partition(x, windowing), 8, windowing),
        () => file.values("partition.x"),
        0,
      );
    }
  });

  goldenTest(PARTS, "merging of patches, also of an odd grid", async (file) => {
    for (const i of [0, 1]) {
      const { model } = loadWeights(
        new PatchMerging({ key: key(0), width: 6 }),
        file.record(`merge.${i}.param.ds.`),
      );
      const { grads, aux } = valueAndGrad((of: { ds: PatchMerging; x: Tensor }) => {
        const out = of.ds.forward(of.x);
        return { loss: out.mul(file.tensor(`merge.${i}.probe`)).sum(), aux: out };
      })({ ds: model, x: file.tensor(`merge.${i}.x`) });
      await expectClose(aux, () => file.values(`merge.${i}.out`), 5e-5);
      await expectClose(grads.ds, (path) => file.values(`merge.${i}.grad.ds.${path}`), 2e-4);
      await expectClose(grads.x, () => file.values(`merge.${i}.grad_input.x`), 2e-4);
    }
  });

  goldenTest(PARTS, "a table for larger windows", async (file) => {
    const resized = resizeBiasTable(file.tensor("table.small"), 27);
    await expectClose(resized, () => file.values("table.resized_27"), 1e-5);
  });
});
