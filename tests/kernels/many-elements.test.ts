// Elementwise kernels of so many elements that threads take several, on GPUs in larger workgroups too.
import { describe, expect, test } from "vitest";
import { compile, type DeviceOptions, exp, type Tensor, tensor } from "../../mod.ts";
import { useDevice } from "../support/device.ts";

const MANY = 1 << 20;
const families: readonly NonNullable<DeviceOptions["kernels"]>[] = ["gpu", "software"];

describe.each(families)("kernels of the family %s", (kernels) => {
  useDevice({ kernels });

  const values = (length: number) => Float32Array.from({ length }, (_, i) => (i % 97) - 48);

  test.each([MANY - 1, MANY, MANY + 3])("compute each of %i elements once", async (length) => {
    const x = values(length);
    const doubled = (await tensor(x).mul(2).add(1).data()) as Float32Array;
    expect(doubled.findIndex((y, i) => y !== 2 * (x[i] as number) + 1)).toBe(-1);
  });

  test("do as much where a result takes the place of an operand", async () => {
    const step = compile((state: { x: Tensor }) => ({ state: { x: state.x.mul(2).sub(1) } }));
    const start = values(MANY + 3);
    let state = { x: tensor(start) };
    for (let i = 0; i < 3; i++) ({ state } = step(state));
    const x = (await state.x.data()) as Float32Array;
    expect(x.findIndex((y, i) => y !== 8 * (start[i] as number) - 7)).toBe(-1);
  });

  test("take four elements a thread, in workgroups of 256 on GPUs", () => {
    const f = compile((x: Tensor) => exp(x));
    const threads = (length: number) => {
      const [step] = f.plan(tensor(new Float32Array(length))).steps;
      const { workgroups, workgroupSize } = (step as NonNullable<typeof step>).program;
      return { threads: workgroups[0] * workgroups[1] * workgroupSize, workgroupSize };
    };
    expect(threads(MANY)).toMatchObject({ threads: MANY / 4 });
    if (kernels === "gpu") {
      expect(threads(MANY).workgroupSize).toBe(256);
      expect(threads(MANY / 2)).toEqual({ threads: MANY / 2, workgroupSize: 64 });
    }
  });
});
