import { type Tensor, treeLeaves } from "../../mod.ts";
import { mapPaths } from "./tree-paths.ts";

/** A tensor whose shape in the file is not that in the model. */
export interface Misshapen {
  readonly name: string;
  readonly need: readonly number[];
  readonly got: readonly number[];
}

export interface LoadReport {
  /** Names of the model that the file lacks; their tensors stay as they were. */
  readonly missing: readonly string[];
  /** Names of the file that the model lacks. */
  readonly unexpected: readonly string[];
  /** Tensors of another shape than the model's, which stay as they were. */
  readonly misshapen: readonly Misshapen[];
}

export interface Loaded<M> extends LoadReport {
  readonly model: M;
}

/** A file that does not fit a model; the fields say where. */
export class WeightsError extends Error implements LoadReport {
  override readonly name = "WeightsError";
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
  readonly misshapen: readonly Misshapen[];

  constructor({ missing, unexpected, misshapen }: LoadReport) {
    const parts = [
      list("missing", missing),
      list("unexpected", unexpected),
      list(
        "misshapen",
        misshapen.map(({ name, need, got }) => `${name} is [${got}], the model has [${need}]`),
      ),
    ];
    super(`loadWeights: the tensors do not fit the model: ${parts.filter(Boolean).join("; ")}`);
    this.missing = missing;
    this.unexpected = unexpected;
    this.misshapen = misshapen;
  }
}

function list(what: string, names: readonly string[]): string {
  const shown = names.slice(0, 5).join(", ");
  return names.length === 0 ? "" : `${names.length} ${what} (${shown}${names.length > 5 ? ", ..." : ""})`;
}

/**
 * A model with its tensors taken by name from a file; works for every tree of tensors.
 *
 * @param model The model whose structure, names, shapes and dtypes decide. It is left as it is.
 * @param tensors By name, as `readSafetensors` gives them. They are cast to the dtypes of the model.
 * @param options.strict Whether anything missing, unexpected or misshapen is an error. Default true. A missing
 *   `num_batches_tracked`, which old files lack and nothing reads, is none.
 * @throws {WeightsError} If strict, and the tensors do not fit.
 *
 * @example
 *   const { model } = loadWeights(new Linear({ key, inFeatures: 3, outFeatures: 4 }), tensors);
 *
 * Source: models/nn/weights.ts.
 */
export function loadWeights<M>(
  model: M,
  tensors: Readonly<Record<string, Tensor>>,
  options: { strict?: boolean } = {},
): Loaded<M> {
  const { strict = true } = options;
  const unexpected = new Set(Object.keys(tensors));
  const missing: string[] = [];
  const misshapen: Misshapen[] = [];
  const loaded = mapPaths(model, (leaf, path) => {
    const given = Object.hasOwn(tensors, path) ? tensors[path] : undefined;
    unexpected.delete(path);
    if (!given) {
      if (!/(^|\.)num_batches_tracked$/.test(path)) missing.push(path);
      return leaf;
    }
    if (given.shape.join() !== leaf.shape.join()) {
      misshapen.push({ name: path, need: leaf.shape, got: given.shape });
      return leaf;
    }
    return given.dtype === leaf.dtype ? given : given.cast(leaf.dtype);
  });
  const report = { missing, unexpected: [...unexpected], misshapen };
  if (strict && missing.length + unexpected.size + misshapen.length > 0) throw new WeightsError(report);
  return { model: loaded, ...report };
}

/** The tensors of a model (or any tree) by their paths, for `writeSafetensors`. */
export const saveWeights = (model: unknown): Record<string, Tensor> =>
  Object.fromEntries(treeLeaves(model).map(({ path, value }) => [path, value]));
