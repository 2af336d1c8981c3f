// Whole networks against files that hold one training step: outputs, all gradients, and statistics afterwards.
import { expect } from "vitest";
import { compile, type Tensor, treeLeaves, valueAndGrad } from "../../mod.ts";
import { evalMode, loadWeights, type Mode, trainMode } from "../../models/mod.ts";
import { relativeDistance } from "./closeness.ts";
import type { Golden } from "./golden-file.ts";

interface Pass<M> {
  readonly blank: M;
  /** The tensors that the file has results for, the loss among them. */
  run(model: M, input: Tensor, mode: Mode): Readonly<Record<string, Tensor>> & { readonly loss: Tensor };
}

/** Suggested by the set: 2e-3 for gradients of whole networks; float32 is far better than that. */
const TOLERANCE = 2e-4;

/** Runs a network in training and in evaluation and compares everything that the file knows of both. */
export async function compareStep<M>(golden: Golden, { blank, run }: Pass<M>): Promise<void> {
  const { model } = loadWeights(blank, golden.record("param/"));
  for (const side of ["train", "eval"] as const) {
    const step = compile((weights: M, input: Tensor) =>
      valueAndGrad((of: { model: M; input: Tensor }) => {
        const mode = trainMode();
        const outputs = run(of.model, of.input, side === "train" ? mode : evalMode);
        return { loss: outputs.loss, aux: { outputs, after: mode.apply(of.model) } };
      })({ model: weights, input }),
    );
    const { grads, aux } = step(model, golden.tensor("input/x"));
    const found = new Map<string, Tensor>();
    const note = (prefix: string, tree: unknown) => {
      for (const { path, value } of treeLeaves(tree)) found.set(prefix + path, value);
    };
    note(`output_${side}/`, aux.outputs);
    note(`output_${side}/after/`, aux.after);
    note(`grad_${side}/`, grads.model);
    found.set(`grad_input_${side}/x`, grads.input);
    const names = golden.names.filter(
      (name) => /^(output|grad|grad_input)_/.test(name) && name.includes(`_${side}/`),
    );
    const largest = Math.max(
      ...names.filter((n) => n.startsWith("grad")).flatMap((n) => Array.from(golden.values(n), Math.abs)),
    );
    expect(names.length).toBeGreaterThan(10);
    const far: string[] = [];
    for (const name of names) {
      const got = found.get(name);
      if (!got) throw new Error(`nothing for ${name}`);
      const floor = name.startsWith("grad") ? 1e-3 * largest : 1e-3;
      const distance = relativeDistance(await got.data(), golden.values(name), floor);
      if (!(distance <= TOLERANCE)) far.push(`${name}: ${distance}`);
    }
    expect(far).toEqual([]);
  }
}
