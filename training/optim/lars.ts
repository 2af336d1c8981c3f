import { logicalAnd, type Tensor, where } from "../../mod.ts";
import { optimiserFromRule } from "./from-rule.ts";
import type { LeafOptions, Optimiser, OptimiserOptions, Value } from "./optimiser.ts";

export interface LarsOptions extends OptimiserOptions {
  lr: Value;
  /** Default 0.9. */
  momentum?: number;
  /** Default 0. */
  weightDecay?: Value;
  /** How far a step may go, as a part of the length of the tensor. Default 1e-3. */
  trustCoefficient?: number;
  /** Added to the denominator of the trust ratio. Default 0. */
  eps?: number;
  /** Tensors with neither trust ratio nor weight decay; by default those of at most one axis: biases and norms. */
  exclude?: (path: string, leaf: Tensor) => boolean;
}

interface Shared {
  readonly lr: Value;
  readonly weightDecay: Value;
  readonly adapts: boolean;
}

/**
 * Momentum SGD whose step is scaled for each tensor to the length of the tensor.
 *
 *     local = trust * |w| / (|g| + decay * |w| + eps)    (1 where |w| or |g| is 0)
 *     b = momentum * b + lr * local * (g + decay * w);  w = w - b
 *
 * Source: training/optim/lars.ts. Paper: You et al. 2017, algorithm 1.
 */
export function lars(options: LarsOptions): Optimiser {
  const { lr, momentum = 0.9, weightDecay = 0, trustCoefficient = 1e-3, eps = 0, groups } = options;
  const exclude = options.exclude ?? ((_path, leaf) => leaf.rank <= 1);
  return optimiserFromRule<Shared>(
    {
      name: "lars",
      slots: ["momentum"],
      lr,
      weightDecay,
      share: ({ lr, weightDecay, leaf }) => ({
        lr,
        weightDecay,
        adapts: (leaf as LarsLeaf).adapts,
      }),
      update({ param, grad, slots, shared }) {
        const { lr, weightDecay, adapts } = shared;
        const g = weightDecay === 0 ? grad : grad.add(param.mul(weightDecay));
        let step = g.mul(lr);
        if (adapts) {
          const [w, norm] = [lengthOf(param), lengthOf(grad)];
          const denominator = norm.add(w.mul(weightDecay)).add(eps);
          const moves = logicalAnd(w.greater(0), norm.greater(0));
          step = step.mul(where(moves, w.mul(trustCoefficient).div(where(moves, denominator, 1)), 1));
        }
        const buffer = (slots[0] as Tensor).mul(momentum).add(step);
        return { param: param.sub(buffer), slots: [buffer] };
      },
    },
    {
      groups(path, leaf): LarsLeaf {
        const own = groups?.(path, leaf) ?? {};
        return exclude(path, leaf) ? { ...own, weightDecay: 0, adapts: false } : { ...own, adapts: true };
      },
    },
  );
}

interface LarsLeaf extends LeafOptions {
  readonly adapts: boolean;
}

const lengthOf = (x: Tensor): Tensor => x.mul(x).sum().sqrt();
