// Training steps of whole models with AdamW, as the benches of this folder time them.
import { arange, oneHot, type Tensor, valueAndGrad } from "../../mod.ts";
import { type TrainMode, trainMode } from "../../models/nn/mod.ts";
import { adamW } from "../../training/optim/adam.ts";
import { type Subject, stepSubject } from "../bench.ts";

/** Times steps that lower `loss`; statistics that its pass leaves in `mode` become those of the next model. */
export async function trainingSubject<M extends object>(
  name: string,
  model: M,
  loss: (model: M, mode: TrainMode) => Tensor,
): Promise<Subject> {
  const optimiser = adamW();
  return stepSubject(
    { model, optim: optimiser.init(model) },
    ({ model: m, optim }) => {
      const { value, grads, aux } = valueAndGrad((each: M) => {
        const mode = trainMode();
        return { loss: loss(each, mode), aux: mode };
      })(m);
      const { params, state } = optimiser.step(m, grads, optim);
      return { state: { model: aux.apply(params), optim: state }, loss: value };
    },
    name,
  );
}

/** `f32[batch, classes]`: each example of another class, as far as they go. */
export const someTargets = (batch: number, classes: number): Tensor =>
  oneHot(arange(batch).remainder(classes), classes).evaluate();

export const crossEntropy = (logits: Tensor, targets: Tensor): Tensor =>
  logits.logSoftmax().mul(targets).sum({ axis: 1 }).mean().neg();
