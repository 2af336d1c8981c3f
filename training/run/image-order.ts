import { foldIn, permutation } from "../../mod.ts";
import type { RunPlan } from "./run-plan.ts";

/** Which images each step sees: every epoch in an order of its own, which follows from the seed. */
export class ImageOrder {
  private readonly plan: RunPlan;
  private readonly count: number;
  private known: { epoch: number; order: ArrayLike<number> } | null = null;

  constructor(plan: RunPlan, count: number) {
    this.plan = plan;
    this.count = count;
  }

  /** Of a step, counted from 1. */
  async at(step: number): Promise<number[]> {
    const { batch, stepsPerEpoch } = this.plan.length;
    const epoch = Math.ceil(step / stepsPerEpoch);
    const from = ((step - 1) % stepsPerEpoch) * batch;
    const order = this.known?.epoch === epoch ? this.known.order : await this.draw(epoch);
    return Array.from({ length: batch }, (_, i) => order[from + i] as number);
  }

  private async draw(epoch: number): Promise<ArrayLike<number>> {
    const drawn = permutation(foldIn(this.plan.key("order"), epoch), this.count);
    const order = await drawn.data();
    drawn.dispose();
    this.known = { epoch, order };
    return order;
  }
}
