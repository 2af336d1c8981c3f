import { minimum, sub, type Tensor } from "../../mod.ts";
import { optimiserFromRule } from "./from-rule.ts";
import type { Optimiser, OptimiserOptions, Value } from "./optimiser.ts";

export interface SgdOptions extends OptimiserOptions {
  lr: Value;
  /** Default 0. */
  momentum?: number;
  /** The part of a gradient that the momentum leaves out, from the second step on. Default 0. */
  dampening?: number;
  /** Whether to step to where the momentum will lead. Default false. */
  nesterov?: boolean;
  /** Added to the gradient (L2). Default 0. */
  weightDecay?: Value;
}

interface Shared {
  readonly lr: Value;
  readonly weightDecay: Value;
  /** Factor on the gradient that joins the momentum. */
  readonly part: Value;
}

/**
 * Stochastic gradient descent, as torch.optim.SGD does it: the learning rate multiplies the step, not the momentum.
 *
 * Source: training/optim/sgd.ts.
 */
export function sgd(options: SgdOptions): Optimiser {
  const { lr, momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 } = options;
  if (nesterov && (momentum <= 0 || dampening !== 0)) {
    throw new RangeError("sgd: nesterov needs a momentum and no dampening");
  }
  return optimiserFromRule<Shared>(
    {
      name: "sgd",
      slots: momentum === 0 ? [] : ["momentum"],
      lr,
      weightDecay,
      share: ({ lr, weightDecay, step }) => ({
        lr,
        weightDecay,
        // The first gradient becomes the momentum whole.
        part: dampening === 0 ? 1 : sub(1, minimum(step.sub(1), 1).mul(dampening)),
      }),
      update({ param, grad, slots, shared }) {
        const g = shared.weightDecay === 0 ? grad : grad.add(param.mul(shared.weightDecay));
        if (momentum === 0) return { param: param.sub(g.mul(shared.lr)), slots: [] };
        const joining = shared.part === 1 ? g : g.mul(shared.part);
        const buffer = (slots[0] as Tensor).mul(momentum).add(joining);
        const direction = nesterov ? g.add(buffer.mul(momentum)) : buffer;
        return { param: param.sub(direction.mul(shared.lr)), slots: [buffer] };
      },
    },
    options,
  );
}
