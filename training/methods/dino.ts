import { dinoLoss } from "../../losses/view/dino.ts";
import { zeros } from "../../mod.ts";
import { DinoNetwork, type DinoNetworkOptions } from "../../models/networks/dino.ts";
import {
  type SelfDistillationMethod,
  type SelfDistillationOptions,
  selfDistillation,
} from "./self-distillation.ts";

export interface DinoOptions extends SelfDistillationOptions {
  /** All of the network but its key. */
  readonly network: Omit<DinoNetworkOptions, "key">;
}

/**
 * DINO: a vision transformer learns to say of small parts of an image what it says of the whole.
 *
 * @example
 *   const method = dino({ network: smallImages().dino.network, statistics: channelStatistics(images) });
 *
 * Source: training/methods/dino.ts. Paper: Caron et al. 2021.
 */
export function dino({ network, ...options }: DinoOptions): SelfDistillationMethod<DinoNetwork> {
  return selfDistillation<DinoNetwork>(
    {
      name: "DINO",
      network: (key) => new DinoNetwork({ ...network, key }),
      centers: ({ head }) => ({ center: zeros([1, head.prototypes]) }),
      loss({ student, teacher, crops, count, centers, teacherTemperature, mode, run }) {
        const said = teacher.scores(crops.slice(0, 1));
        const { loss, center } = dinoLoss(student.scores(crops, mode, run), said, {
          crops: count,
          center: centers.center!,
          teacherTemperature,
        });
        return { loss, centers: { center } };
      },
      project: ({ backbone, head }, images) => head.vectors(backbone.forward(images).slice(null, 0)),
    },
    options,
  );
}
