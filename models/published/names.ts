import { concat, type Tensor } from "../../mod.ts";

export type Tensors = Readonly<Record<string, Tensor>>;

/** Buffers that published files hold beside the weights and that nothing needs: they are worked out anew. */
const DERIVED = /(^|\.)(relative_position_index|attn_mask)$/;

/** Names that other libraries use for parts of the same models, in the order in which they are replaced. */
const OTHER_NAMES: readonly (readonly [RegExp, string])[] = [
  [/^(vit|swin|dinov2)\./, ""],
  [/^embeddings\.cls_token$/, "cls_token"],
  [/^embeddings\.position_embeddings$/, "pos_embed"],
  [/^embeddings\.patch_embeddings\.projection\./, "patch_embed.proj."],
  [/^embeddings\.norm\./, "patch_embed.norm."],
  [/^encoder\.layer\.(\d+)\./, "blocks.$1."],
  [/^encoder\.layers\.(\d+)\./, "layers.$1."],
  [/\.attention\.(?:attention|self)\./, ".attn."],
  [/\.attention\.output\.dense\./, ".attn.proj."],
  [/\.layernorm_before\./, ".norm1."],
  [/\.layernorm_after\./, ".norm2."],
  [/\.intermediate\.dense\./, ".mlp.fc1."],
  [/\.output\.dense\./, ".mlp.fc2."],
  [/^layernorm\./, "norm."],
];

/**
 * The tensors of a published file under the names of DINO, SelfPatch and EsViT: those of the files of Hugging Face's
 * transformers and of timm are translated, separate queries, keys and values become one tensor, derived buffers go.
 */
export function commonNames(tensors: Tensors): Record<string, Tensor> {
  const renamed: Record<string, Tensor> = {};
  for (const [name, value] of Object.entries(tensors)) {
    if (DERIVED.test(name)) continue;
    // Class attention has its own queries, keys and values; the other libraries have no such module.
    const foreign = /^(?:(?:vit|swin|dinov2)\.)?(?:embeddings|encoder|layernorm)\./.test(name);
    const known = foreign ? OTHER_NAMES.reduce((s, [from, to]) => s.replace(from, to), name) : name;
    renamed[known] = value;
  }
  return mergesAtTheEnd(joinedProjections(renamed));
}

/** `attn.query`, `attn.key` and `attn.value` as one `attn.qkv`. */
function joinedProjections(tensors: Record<string, Tensor>): Record<string, Tensor> {
  const result: Record<string, Tensor> = {};
  for (const [name, value] of Object.entries(tensors)) {
    const match = /^(.*\.attn\.)(query|key|value)\.(weight|bias)$/.exec(name);
    const parts = match && ["query", "key", "value"].map((part) => tensors[`${match[1]}${part}.${match[3]}`]);
    if (!match || !parts?.every((part) => part !== undefined)) result[name] = value;
    else if (match[2] === "query") result[`${match[1]}qkv.${match[3]}`] = concat(parts as Tensor[]);
  }
  return result;
}

/** timm merges patches at the start of the stage that follows; the others do at the end of the stage before. */
function mergesAtTheEnd(tensors: Record<string, Tensor>): Record<string, Tensor> {
  const stages = Object.keys(tensors).flatMap((name) => /^layers\.(\d+)\.downsample\./.exec(name)?.[1] ?? []);
  if (stages.length === 0 || stages.includes("0")) return tensors;
  const moved = (name: string) =>
    name.replace(
      /^layers\.(\d+)(\.downsample\.)/,
      (_, s: string, rest: string) => `layers.${Number(s) - 1}${rest}`,
    );
  return Object.fromEntries(Object.entries(tensors).map(([name, value]) => [moved(name), value]));
}
