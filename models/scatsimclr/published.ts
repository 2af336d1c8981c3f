import { ones, type Tensor, tensor, treeLeaves, zeros } from "../../mod.ts";
import { type Loaded, loadWeights, saveWeights } from "../nn/weights.ts";
import { filterBank } from "../scattering/filter-bank.ts";
import { geometry } from "../scattering/geometry.ts";
import type { ScatSimClr } from "./scatsimclr.ts";

/** Of checkpoints that were written while the model was spread over several devices. */
const WRAPPER = "module.";
/** The filters of the scattering transform, which follow from its options. */
const FILTER = /^_scatnet\.tensor\d+$/;
/** A batch norm of the scattering channels that the published code makes and never applies. */
const UNUSED_NORM = "_scatnet_bn.";

/**
 * A model with the weights of a published checkpoint. What such a file holds beside the learned tensors, filters and a
 * batch norm that nothing applies, is passed over; the report names all else that does not fit.
 *
 * @param tensors By name, as `readSafetensors` gives them.
 * @param options.strict Whether anything missing, unexpected or misshapen is an error. Default true.
 * @throws {WeightsError} If strict, and the tensors do not fit.
 *
 * Source: models/scatsimclr/published.ts. Code: vkinakh/scatsimclr.
 */
export function loadPublished(
  model: ScatSimClr,
  tensors: Readonly<Record<string, Tensor>>,
  options: { strict?: boolean } = {},
): Loaded<ScatSimClr> {
  const wanted = new Set(treeLeaves(model).map(({ path }) => path));
  const named = Object.entries(tensors).map(([name, x]): [string, Tensor] => {
    const bare = name.startsWith(WRAPPER) ? name.slice(WRAPPER.length) : name;
    // Containers of arrays tend to store a number as an array of one.
    return [bare, bare.endsWith("num_batches_tracked") ? x.reshape([]) : x];
  });
  const learned = named.filter(
    ([name]) => wanted.has(name) || !(FILTER.test(name) || name.startsWith(UNUSED_NORM)),
  );
  return loadWeights(model, Object.fromEntries(learned), options);
}

/**
 * The tensors of a model as a state dict that the published code loads, with the filters and the batch norm that it
 * expects: for `writeSafetensors`.
 */
export function savePublished(model: ScatSimClr): Record<string, Tensor> {
  const { J, shape, L = 8, prePadded } = model.scattering;
  const { padded } = geometry(shape, J, prePadded);
  const { phi, psi } = filterBank(padded, J, L);
  const filters: Record<string, Tensor> = {};
  for (const levels of [phi, ...psi.map(({ levels }) => levels)]) {
    for (const [level, values] of levels.entries()) {
      const size = padded.map((n) => n / 2 ** level);
      filters[`_scatnet.tensor${Object.keys(filters).length}`] = tensor(Float32Array.from(values), {
        shape: [...size, 1],
      });
    }
  }
  const first = treeLeaves(model).find(({ path }) => path === "_adapter_network.0.weight");
  const channels = first?.value.shape[1] as number;
  const norm = {
    [`${UNUSED_NORM}weight`]: ones([channels]),
    [`${UNUSED_NORM}bias`]: zeros([channels]),
    [`${UNUSED_NORM}running_mean`]: zeros([channels]),
    [`${UNUSED_NORM}running_var`]: ones([channels]),
    [`${UNUSED_NORM}num_batches_tracked`]: zeros([], { dtype: "i32" }),
  };
  return { ...norm, ...saveWeights(model), ...filters };
}
