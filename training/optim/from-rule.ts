import { ShapeError, type Tensor, treeLeaves, zeros } from "../../mod.ts";
import { isTrainable } from "../../models/nn/module.ts";
import { mapPaths } from "../../models/nn/tree-paths.ts";
import type {
  LeafOptions,
  Optimiser,
  OptimiserOptions,
  OptimiserState,
  Rule,
  StepOptions,
} from "./optimiser.ts";
import { times } from "./optimiser.ts";

const isMoved = (path: string, leaf: Tensor): boolean =>
  isTrainable(path) && (leaf.dtype === "f32" || leaf.dtype === "f16");

/** An optimiser over trees from what it does to one tensor. */
export function optimiserFromRule<S>(rule: Rule<S>, { groups }: OptimiserOptions): Optimiser {
  const optionsOf = (path: string, leaf: Tensor): LeafOptions => groups?.(path, leaf) ?? {};

  function init(params: unknown): OptimiserState {
    const leaves = treeLeaves(params).filter(({ path, value }) => isMoved(path, value));
    const step: Record<string, Tensor> = {};
    for (const { path, value } of leaves) step[groupOf(optionsOf(path, value))] ??= zeros([]);
    const slots = rule.slots.map((slot) => {
      // Sums of many small steps: f32 whatever the parameter is.
      const entries = leaves.map(({ path, value }) => [path, zeros(value.shape)]);
      return [slot, Object.fromEntries(entries)];
    });
    return { step, slots: Object.fromEntries(slots) };
  }

  function step<P>(params: P, grads: P, state: OptimiserState, options: StepOptions = {}) {
    const { lr = rule.lr, weightDecay = rule.weightDecay, frozen = [] } = options;
    const gradients = new Map(treeLeaves(grads).map(({ path, value }) => [path, value]));
    const steps: Record<string, Tensor> = {};
    for (const [group, count] of Object.entries(state.step)) {
      steps[group] = frozen.includes(group) ? count : count.add(1);
    }
    const slots: Record<string, Record<string, Tensor>> = {};
    for (const slot of rule.slots) slots[slot] = { ...state.slots[slot] };

    const kinds = new Map<string, S>();
    const sharedBy = (leaf: LeafOptions): S => {
      const kind = JSON.stringify(leaf);
      const known = kinds.get(kind);
      if (known !== undefined) return known;
      const shared = rule.share({
        lr: times(lr, leaf.lrScale ?? 1),
        weightDecay: leaf.weightDecay ?? weightDecay,
        step: steps[groupOf(leaf)] as Tensor,
        leaf,
      });
      kinds.set(kind, shared);
      return shared;
    };

    const moved = mapPaths(params, (param, path) => {
      if (!isMoved(path, param)) return param;
      const leaf = optionsOf(path, param);
      if (frozen.includes(groupOf(leaf))) return param;
      const grad = gradients.get(path);
      const given = rule.slots.map((slot) => state.slots[slot]?.[path]);
      check(rule.name, path, param, grad, given);
      const update = { param, grad: grad as Tensor, slots: given as Tensor[], shared: sharedBy(leaf) };
      const after = rule.update(update);
      rule.slots.forEach((slot, i) => {
        (slots[slot] as Record<string, Tensor>)[path] = after.slots[i] as Tensor;
      });
      return after.param.cast(param.dtype);
    });
    return { params: moved, state: { step: steps, slots } };
  }

  return { init, step };
}

const groupOf = (leaf: LeafOptions): string => leaf.group ?? "all";

function check(
  name: string,
  path: string,
  param: Tensor,
  grad: Tensor | undefined,
  slots: readonly (Tensor | undefined)[],
): void {
  for (const [what, x] of [["gradient", grad], ...slots.map((x) => ["state", x])] as [string, Tensor?][]) {
    if (!x) throw new ShapeError(name, { problem: `there is no ${what} for "${path}"`, got: { param } });
    if (x.shape.join() !== param.shape.join()) {
      throw new ShapeError(name, {
        problem: `the ${what} of "${path}" has another shape`,
        got: { param, [what]: x },
      });
    }
  }
}
