import { expm1, maximum, rsqrt, sub, type Tensor } from "../../mod.ts";
import { optimiserFromRule } from "./from-rule.ts";
import { type Optimiser, type OptimiserOptions, type Settings, times, type Value } from "./optimiser.ts";

export interface AdamOptions extends OptimiserOptions {
  /** Default 1e-3. */
  lr?: Value;
  /** Decay of the averages of the gradient and of its square. Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Added to the root of the second moment. Default 1e-8. */
  eps?: number;
  /** Default 0 for `adam`, 0.01 for `adamW`. */
  weightDecay?: Value;
  /** Whether the second moment never falls. Default false. */
  amsgrad?: boolean;
}

/** Three numbers, so that a hundred tensors fit into one kernel's bindings. */
interface Shared {
  /** lr / (1 - beta1^t). */
  readonly stepSize: Tensor;
  /** 1 / sqrt(1 - beta2^t). */
  readonly scale: Tensor;
  /** `adam`: factor on the parameter that joins the gradient. `adamW`: what is left of the parameter. */
  readonly decay: Value;
}

/**
 * Adam. Weight decay is added to the gradient (L2), as torch.optim.Adam does it.
 *
 * @example
 *   const optimiser = adam({ lr: 3e-4 });
 *   let state = optimiser.init(model);
 *   ({ params: model, state } = optimiser.step(model, grads, state));
 *
 * Source: training/optim/adam.ts. Paper: Kingma and Ba 2015; Reddi et al. 2018 for `amsgrad`.
 */
export const adam = (options: AdamOptions = {}): Optimiser => makeAdam("adam", options, false);

/**
 * Adam with weight decay apart from the gradient: `p *= 1 - lr * weightDecay` comes first, as in torch.optim.AdamW.
 *
 * Source: training/optim/adam.ts. Paper: Loshchilov and Hutter 2019.
 */
export const adamW = (options: AdamOptions = {}): Optimiser =>
  makeAdam("adamW", { weightDecay: 0.01, ...options }, true);

function makeAdam(name: string, options: AdamOptions, decoupled: boolean): Optimiser {
  const { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0, amsgrad = false } = options;
  const [beta1, beta2] = betas;
  if (![beta1, beta2].every((beta) => beta >= 0 && beta < 1)) {
    throw new RangeError(`${name}: betas are ${betas}; need 0 <= beta < 1`);
  }
  return optimiserFromRule<Shared>(
    {
      name,
      slots: amsgrad ? ["m", "v", "vMax"] : ["m", "v"],
      lr,
      weightDecay,
      share: ({ lr, weightDecay, step }: Settings) => ({
        stepSize: overOneMinusPower(lr, beta1, step),
        scale: rsqrt(oneMinusPower(beta2, step)),
        decay: decoupled ? keep(lr, weightDecay) : weightDecay,
      }),
      update({ param, grad, slots, shared }) {
        const { stepSize, scale, decay } = shared;
        const [m, v, vMax] = slots as [Tensor, Tensor, Tensor];
        const g = decoupled || decay === 0 ? grad : grad.add(param.mul(decay));
        const m1 = m.mul(beta1).add(g.mul(1 - beta1));
        const v1 = v.mul(beta2).add(g.mul(g).mul(1 - beta2));
        const most = amsgrad ? maximum(vMax, v1) : v1;
        const change = m1.mul(stepSize).div(most.sqrt().mul(scale).add(eps));
        const kept = decoupled && decay !== 1 ? param.mul(decay) : param;
        return { param: kept.sub(change), slots: amsgrad ? [m1, v1, most] : [m1, v1] };
      },
    },
    options,
  );
}

/** 1 - beta^step. In f32 the power itself would lose what the difference needs; the logarithm comes from the host. */
const oneMinusPower = (beta: number, step: Tensor): Tensor => expm1(step.mul(Math.log(beta))).neg();

function overOneMinusPower(lr: Value, beta: number, step: Tensor): Tensor {
  const correction = oneMinusPower(beta, step);
  return typeof lr === "number" ? correction.reciprocal().mul(lr) : lr.div(correction);
}

function keep(lr: Value, weightDecay: Value): Value {
  const taken = times(lr, weightDecay);
  return typeof taken === "number" ? 1 - taken : sub(1, taken);
}
