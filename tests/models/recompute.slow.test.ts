import { expect, test } from "vitest";
import { compile, key, type Tensor, valueAndGrad, zeros } from "../../mod.ts";
import { VisionTransformer } from "../../models/mod.ts";
import { mostAtOnce } from "../support/live-bytes.ts";

test("blocks that are computed again keep nothing but their inputs", () => {
  const model = new VisionTransformer({ key: key(0), width: 64, depth: 3, heads: 2, patch: 16 });
  const images = zeros([8, 3, 224, 224]);
  const peak = (recompute: number) => {
    const step = compile((vit: VisionTransformer, x: Tensor) =>
      valueAndGrad((m: VisionTransformer) =>
        m.forward(x, undefined, { recompute }).slice(null, 0).square().mean(),
      )(vit),
    );
    return mostAtOnce(step.plan(model, images));
  };
  // The gradients of one block's MLP are the peak: its inner values four times, 8 * 197 * 256 floats each.
  const inner = 8 * 197 * 256 * 4;
  expect(peak(0)).toBeGreaterThan(1.5 * peak(3));
  expect(peak(3)).toBeLessThan(8.5 * inner);
});
