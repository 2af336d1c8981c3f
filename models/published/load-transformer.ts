import { concat, type Tensor, treeLeaves } from "../../mod.ts";
import { type Loaded, loadWeights } from "../nn/weights.ts";
import { resizeBiasTable } from "../swin/relative-bias.ts";
import { resamplePositions } from "../vit/positions.ts";
import { commonNames, type Tensors } from "./names.ts";

export interface LoadTransformerOptions {
  /** Whether anything missing, unexpected or misshapen is an error. Default true. */
  strict?: boolean;
  /** Of a file with several networks, the one to take: names that do not begin with `part.` are passed over. */
  part?: "teacher" | "student";
  /** Whether tables of positions for another image or window size are resampled in place of being misshapen. Default false. */
  resample?: boolean;
}

/**
 * A model with the weights of a published file, whose names may carry the prefixes that training scripts leave
 * (`module.`, `backbone.`) or be those of timm or of Hugging Face's transformers.
 *
 * @param model A vision transformer, a Swin transformer, or a network of one and its heads. It is left as it is.
 * @param tensors By name, as `readSafetensors` gives them.
 * @returns The model, and what was `missing`, `unexpected` and `misshapen`. What is unexpected has its name in the file,
 *   without `part.` and as `commonNames` translates it; the rest has the model's.
 * @throws {WeightsError} If strict, and the file does not fit.
 *
 * @example
 *   const { tensors } = readSafetensors(bytes);
 *   const { model, missing } = loadTransformer(vit, tensors, { strict: false });
 *
 * Source: models/published/load-transformer.ts. Names: dino.md section 9, selfpatch.md and esvit.md section 8.
 */
export function loadTransformer<M>(
  model: M,
  tensors: Tensors,
  options: LoadTransformerOptions = {},
): Loaded<M> {
  const { strict = true, part, resample = false } = options;
  const shapes = new Map(treeLeaves(model).map(({ path, value }) => [path, value.shape]));
  const found: Record<string, Tensor> = {};
  const given = Object.entries(commonNames(part ? partOf(tensors, part) : tensors));
  // Names that are the model's own come first, so that no other one takes their places.
  const [own, others] = [true, false].map((is) => given.filter(([name]) => shapes.has(name) === is));
  for (const [name, value] of [...(own ?? []), ...(others ?? [])]) {
    const path = candidates(name).find((candidate) => shapes.has(candidate) && !(candidate in found)) ?? name;
    const shape = shapes.get(path);
    found[path] = resample && shape ? resampled(path, value, shape) : value;
  }
  return loadWeights(model, found, { strict });
}

function partOf(tensors: Tensors, part: string): Tensors {
  const own = Object.entries(tensors).filter(([name]) => name.startsWith(`${part}.`));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(part.length + 1), value]));
}

/** What a name of a file may be called in a model, the likeliest first. */
function candidates(name: string): string[] {
  const bare = name.replace(/^module\./, "").replace(/^backbone\.backbone\./, "backbone.");
  return [name, bare, bare.replace(/^backbone\./, ""), `backbone.${bare}`];
}

/** A table of positions for the shape that the model has; any other tensor as it is. */
function resampled(path: string, value: Tensor, shape: readonly number[]): Tensor {
  if (value.rank !== shape.length || value.shape.at(-1) !== shape.at(-1)) return value;
  if (value.shape.join() === shape.join()) return value;
  if (path.endsWith("relative_position_bias_table")) {
    return resizeBiasTable(value, Math.round(Math.sqrt(shape[0] as number)));
  }
  if (!path.endsWith("pos_embed")) return value;
  const [from, to] = [value.shape[1] as number, shape[1] as number];
  const extra = isSquare(from) ? 0 : 1;
  const side = Math.sqrt(to - extra);
  if (!isSquare(from - extra) || !Number.isInteger(side)) return value;
  const grid = resamplePositions(value.slice(null, [extra]), [side, side], "size");
  return extra === 0 ? grid : concat([value.slice(null, [0, extra]), grid], { axis: 1 });
}

const isSquare = (n: number): boolean => Number.isInteger(Math.sqrt(n));
