import { dinoRecipe } from "../../data/augment/recipe.ts";
import { selfPatchLoss } from "../../losses/patch/self-patch.ts";
import { zeros } from "../../mod.ts";
import { SelfPatchNetwork, type SelfPatchNetworkOptions } from "../../models/networks/selfpatch.ts";
import {
  type SelfDistillationMethod,
  type SelfDistillationOptions,
  selfDistillation,
} from "./self-distillation.ts";

export interface SelfPatchOptions extends SelfDistillationOptions {
  /** All of the network but its key. */
  readonly network: Omit<SelfPatchNetworkOptions, "key">;
  /** Patches around a patch that the teacher sums up. Default 4. */
  readonly neighbours?: number;
  /** Weight of the patches beside the summaries. Default 0.1. */
  readonly patchWeight?: number;
}

/**
 * SelfPatch: DINO, and beside it each patch learns to say what the patches around it say that resemble it. Both
 * networks see all crops. By default crops are those of its code: large ones show a quarter of the image or more, small
 * ones less.
 *
 * Source: training/methods/selfpatch.ts. Paper: Yun et al. 2022.
 */
export function selfPatch(options: SelfPatchOptions): SelfDistillationMethod<SelfPatchNetwork> {
  const { network, neighbours = 4, patchWeight = 0.1, views, ...rest } = options;
  const recipe = dinoRecipe({ globalArea: [0.25, 1], localArea: [0.05, 0.25] });
  return selfDistillation<SelfPatchNetwork>(
    {
      name: "SelfPatch",
      network: (key) => new SelfPatchNetwork({ ...network, key }),
      centers: ({ c_head, p_head }) => ({
        center: zeros([1, 1, c_head.prototypes]),
        patch_center: zeros([1, p_head.prototypes]),
      }),
      loss({ student, teacher, crops, count, centers, teacherTemperature, mode, run }) {
        const said = teacher.scores(crops, undefined, { neighbours });
        const { counts, ...scores } = student.scores(crops, mode, run);
        const { loss, classLoss, patchLoss, center, patchCenter } = selfPatchLoss(scores, said, {
          crops: count,
          patches: [counts[0] ?? 0, counts[1] ?? 0],
          center: centers.center!,
          patchCenter: centers.patch_center!,
          teacherTemperature,
          patchWeight,
        });
        return { loss, centers: { center, patch_center: patchCenter }, metrics: { classLoss, patchLoss } };
      },
      project: (net, images) => net.c_head.vectors(net.represent(images)),
    },
    { ...rest, views: { recipe, ...views } },
  );
}
