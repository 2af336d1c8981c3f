// Training steps of ScatSimCLR on 64 images of 96x96 in two views: from the images, and from their scattering channels,
// which is the part that the peer does too.
import { ntXent } from "../../losses/mod.ts";
import { key, normal, type Tensor } from "../../mod.ts";
import { ScatSimClr } from "../../models/scatsimclr/scatsimclr.ts";
import { scattering2d } from "../../models/scattering/scattering2d.ts";
import type { Bench, Subject } from "../bench.ts";
import { rounds, scatsimclr } from "./sizes.ts";
import { trainingSubject } from "./training.ts";

export { openDevice } from "./device.ts";

const { J, L, imageSize, images, stem, stages } = scatsimclr;
const scattering = { J, L, shape: [imageSize, imageSize] } as const;
const batch = 2 * images;

async function subject(fromImages: boolean): Promise<Subject> {
  const model = new ScatSimClr({ key: key(1), scattering, adapter: { stem, stages } });
  const [perColour, rows, columns] = scattering2d(scattering).outputShape;
  const shape = fromImages ? [batch, 3, imageSize, imageSize] : [batch, 3 * perColour, rows, columns];
  const given = normal(key(7), shape).evaluate();
  return trainingSubject("scatsimclr", model, (each, mode) => {
    const { z } = fromImages ? each.forward(given, mode) : each.encode(given, mode);
    const [a, b] = z.split(2) as [Tensor, Tensor];
    return ntXent(a, b, { temperature: 0.5 });
  });
}

const bench = (from: "images" | "channels"): Bench => ({
  name: `scatsimclr step from ${from}`,
  shape: { J, L, imageSize, images, views: 2, stem },
  variants: { float32: () => subject(from === "images") },
  rounds,
});

export const benches: readonly Bench[] = [bench("channels"), bench("images")];
