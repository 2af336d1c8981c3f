import { expect, test } from "vitest";
import { matmul, type Tensor, zeros } from "../../mod.ts";
import type { Method } from "../../training/method.ts";
import { plannedBytes } from "../../training/run/planned-bytes.ts";
import { planRun } from "../../training/run/run-plan.ts";
import { stripes } from "./tiny.ts";

/** A sum, and in its second half that of a matrix of rows by rows, which cannot be summed up on the way. */
const growing = (heavyFrom: number): Method<Tensor> => ({
  name: "growing",
  start: () => zeros([64]),
  phase: (step) => (step >= heavyFrom ? "heavy" : ""),
  step(state, images, _, phase) {
    const rows = images.reshape([-1, 8]);
    const products = matmul(rows, rows.transpose());
    const loss = phase === "heavy" ? matmul(products, products).mean() : rows.mean();
    return { state: state.add(loss), loss };
  },
});

test("memory is planned for the heavier part of a run, also where that comes last", () => {
  const images = stripes(8);
  const planned = (heavyFrom: number) => {
    const method = growing(heavyFrom);
    return plannedBytes(method, planRun(method, images, { epochs: 4, batch: 8 }), images, 8);
  };
  expect(planned(2)).toBe(planned(0));
  expect(planned(2)).toBeGreaterThan(2 * planned(100));
});
