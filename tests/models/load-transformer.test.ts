// Files as others publish them, under the names of DINO's, SelfPatch's and EsViT's code, of timm and of transformers.
import { describe, expect, test } from "vitest";
import { key, type Tensor, tensor, treeLeaves, zeros } from "../../mod.ts";
import {
  DinoNetwork,
  EsVitNetwork,
  loadTransformer,
  SelfPatchNetwork,
  SwinTransformer,
  VisionTransformer,
  WeightsError,
} from "../../models/mod.ts";
import { useNodeDevice } from "../functions/check.ts";

useNodeDevice();

const sizes = { width: 4, depth: 1, heads: 2, patch: 4, imageSize: 16 };
const vit = () => new VisionTransformer({ key: key(0), ...sizes });
const swin = (window = 2) =>
  new SwinTransformer({
    key: key(0),
    width: 4,
    depths: [1, 1],
    heads: [1, 2],
    window,
    patch: 2,
    imageSize: 16,
  });

/** Tensors of a model under other names, each filled with the number of its place. */
function file(model: unknown, rename: (name: string) => string = (name) => name): Record<string, Tensor> {
  return Object.fromEntries(
    treeLeaves(model).map(({ path, value }, i) => [
      rename(path),
      tensor(new Float32Array(value.size).fill(i), { shape: value.shape }),
    ]),
  );
}

/** The number of its place, for every tensor. */
async function expectAll(model: unknown): Promise<void> {
  for (const [i, { path, value }] of treeLeaves(model).entries()) {
    expect((await value.data())[0], path).toBe(i);
  }
}

describe("published files", () => {
  test("with the prefixes of training scripts", async () => {
    for (const prefix of ["", "module.", "backbone.", "module.backbone."]) {
      await expectAll(
        loadTransformer(
          vit(),
          file(vit(), (name) => prefix + name),
        ).model,
      );
    }
  });

  test("of student and teacher, with heads that the model lacks", async () => {
    const network = () =>
      new DinoNetwork({ key: key(0), backbone: sizes, head: { out: 6, hidden: 5, bottleneck: 3 } });
    const both = {
      ...file(network(), (name) => `teacher.${name}`),
      ...Object.fromEntries(
        Object.entries(file(network())).map(([name, x]) => [`student.module.${name}`, zeros(x.shape)]),
      ),
    };
    await expectAll(loadTransformer(network(), both, { part: "teacher" }).model);
    const { missing, unexpected } = loadTransformer(vit(), both, { part: "teacher", strict: false });
    expect(missing).toEqual([]);
    expect(unexpected).toHaveLength(8);
    expect(unexpected).toContain("head.last_layer.weight_g");
    // A backbone alone leaves the head of a network as it was.
    const bare = loadTransformer(network(), file(vit()), { strict: false });
    expect(bare.missing).toHaveLength(8);
    expect(bare.unexpected).toEqual([]);
  });

  test("of SelfPatch and EsViT, whole and their backbones alone", async () => {
    const head = { out: 6, hidden: 5, bottleneck: 3 };
    const selfPatch = new SelfPatchNetwork({ key: key(0), backbone: sizes, head, patchOut: 5 });
    const theirs = file(selfPatch, (name) => `student.module.${name}`);
    await expectAll(loadTransformer(selfPatch, theirs, { part: "student" }).model);
    const bare = new VisionTransformer({ key: key(0), ...sizes, classToken: false, finalNorm: false });
    const { missing, unexpected } = loadTransformer(bare, theirs, { part: "student", strict: false });
    expect(missing).toEqual([]);
    expect(unexpected).toHaveLength(35 + 2 * 8);
    expect(unexpected).toContain("module.ca_head.norm.weight");

    const esVit = new EsVitNetwork({
      ...{ key: key(0), width: 4, depths: [1, 1], heads: [1, 2], window: 2, patch: 2, imageSize: 16 },
      projection: head,
    });
    const both = {
      ...file(esVit, (name) => `teacher.${name}`),
      "teacher.layers.1.blocks.0.attn.relative_position_index": zeros([4, 4]),
    };
    await expectAll(loadTransformer(esVit, both, { part: "teacher" }).model);
    const plain = loadTransformer(swin(), both, { part: "teacher", strict: false });
    expect(plain.missing).toEqual([]);
    expect(plain.unexpected).toHaveLength(2 * 8);
    expect(plain.unexpected).toContain("head_dense.mlp.0.weight");
  });

  test("with a name twice: the model's own is taken, and the other told, whichever comes first", async () => {
    const spare = { "backbone.cls_token": tensor([[[9, 9, 9, 9]]]) };
    for (const tensors of [
      { ...spare, ...file(vit()) },
      { ...file(vit()), ...spare },
    ]) {
      const { model, unexpected } = loadTransformer(vit(), tensors, { strict: false });
      await expectAll(model);
      expect(unexpected).toEqual(["backbone.cls_token"]);
      expect(() => loadTransformer(vit(), tensors)).toThrow("1 unexpected (backbone.cls_token)");
    }
  });

  test("of transformers, with queries, keys and values apart", async () => {
    const whole = file(vit());
    const tensors: Record<string, Tensor> = {};
    for (const [name, value] of Object.entries(whole)) {
      const foreign = name
        .replace(/^cls_token$/, "embeddings.cls_token")
        .replace(/^pos_embed$/, "embeddings.position_embeddings")
        .replace(/^patch_embed\.proj/, "embeddings.patch_embeddings.projection")
        .replace(/^blocks\.(\d+)\.attn\.proj/, "encoder.layer.$1.attention.output.dense")
        .replace(/^blocks\.(\d+)\.norm1/, "encoder.layer.$1.layernorm_before")
        .replace(/^blocks\.(\d+)\.norm2/, "encoder.layer.$1.layernorm_after")
        .replace(/^blocks\.(\d+)\.mlp\.fc1/, "encoder.layer.$1.intermediate.dense")
        .replace(/^blocks\.(\d+)\.mlp\.fc2/, "encoder.layer.$1.output.dense")
        .replace(/^norm\./, "layernorm.");
      const match = /^blocks\.(\d+)\.attn\.qkv\.(.*)$/.exec(name);
      if (!match) tensors[`vit.${foreign}`] = value;
      else {
        value.split(3).forEach((part, i) => {
          const which = ["query", "key", "value"][i];
          tensors[`vit.encoder.layer.${match[1]}.attention.attention.${which}.${match[2]}`] = part;
        });
      }
    }
    await expectAll(loadTransformer(vit(), tensors).model);
  });

  test("of timm, which merges patches a stage later, with buffers that nothing needs", async () => {
    const tensors = {
      ...file(swin(), (name) => name.replace("layers.0.downsample", "layers.1.downsample")),
      "layers.0.blocks.0.attn.relative_position_index": zeros([4, 4]),
      "layers.0.blocks.0.attn_mask": zeros([4, 4, 4]),
    };
    await expectAll(loadTransformer(swin(), tensors).model);
  });

  test("that do not fit are told name by name, and tables of positions can be resampled", async () => {
    const smaller = file(new VisionTransformer({ key: key(0), ...sizes, imageSize: 8 }));
    const { "norm.bias": _, ...rest } = smaller;
    const other = { ...rest, "fc.weight": zeros([1]), "norm.weight": zeros([5]) };
    const loaded = loadTransformer(vit(), other, { strict: false });
    expect(loaded.missing).toEqual(["norm.bias"]);
    expect(loaded.unexpected).toEqual(["fc.weight"]);
    expect(loaded.misshapen).toEqual([
      { name: "pos_embed", need: [1, 17, 4], got: [1, 5, 4] },
      { name: "norm.weight", need: [4], got: [5] },
    ]);
    expect(() => loadTransformer(vit(), other)).toThrow(WeightsError);
    await expectAll(loadTransformer(vit(), smaller, { resample: true }).model);
    await expectAll(loadTransformer(swin(4), file(swin(2)), { resample: true }).model);
  });
});
