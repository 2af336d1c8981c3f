import { esVitLoss } from "../../losses/region/esvit.ts";
import { dinoLoss } from "../../losses/view/dino.ts";
import { zeros } from "../../mod.ts";
import { EsVitNetwork, type EsVitNetworkOptions } from "../../models/networks/esvit.ts";
import {
  type DistillationLoss,
  type SelfDistillationMethod,
  type SelfDistillationOptions,
  selfDistillation,
} from "./self-distillation.ts";

export interface EsVitOptions extends SelfDistillationOptions {
  /** All of the network but its key. */
  readonly network: Omit<EsVitNetworkOptions, "key">;
}

/**
 * EsViT: DINO with a Swin transformer, and the same between the regions of crops that resemble each other most; a network
 * without a head for regions learns from views alone, with DINO's loss (the paper's L_V). Unlike DINO's, prototypes learn their lengths, and the teacher's temperature rises from 0.04 to 0.07 in 30 epochs.
 *
 * Source: training/methods/esvit.ts. Paper: Li et al. 2022.
 */
export function esVit({ network, ...options }: EsVitOptions): SelfDistillationMethod<EsVitNetwork> {
  return selfDistillation<EsVitNetwork>(
    {
      name: "EsViT",
      network: (key) => new EsVitNetwork({ ...network, key }),
      centers: ({ head, head_dense }) => ({
        center: zeros([1, head.prototypes]),
        ...(head_dense && { center_grid: zeros([1, head_dense.prototypes]) }),
      }),
      loss({ student, teacher, crops, count, centers, teacherTemperature, mode, run }): DistillationLoss {
        const said = teacher.scores(crops.slice(0, 1));
        const { counts, ...scores } = student.scores(crops, mode, run);
        const [seen, known] = [scores.region, said.region];
        if (!seen || !known) {
          const options = { crops: count, center: centers.center!, teacherTemperature };
          const { loss, center } = dinoLoss(scores.view, said.view, options);
          return { loss, centers: { center } };
        }
        const { loss, viewLoss, regionLoss, center, regionCenter } = esVitLoss(
          { ...scores, region: seen },
          { ...said, region: known },
          {
            crops: count,
            regions: [counts[0] ?? 0, counts[1] ?? 0],
            center: centers.center!,
            regionCenter: centers.center_grid!,
            teacherTemperature,
          },
        );
        return {
          loss,
          centers: { center, center_grid: regionCenter },
          metrics: { viewLoss, regionLoss },
        };
      },
      project: (net, images) => net.head.vectors(net.view(images)),
    },
    { unitPrototypes: false, teacherTemperature: { from: 0.04, to: 0.07, epochs: 30 }, ...options },
  );
}
