export * from "./heads/mod.ts";
export * from "./networks/mod.ts";
export * from "./nn/mod.ts";
export {
  type DropoutMasks,
  JigsawHead,
  type PretextHead,
  type PretextHeadOptions,
  RotationHead,
} from "./pretext/heads.ts";
export * from "./published/mod.ts";
export { type BlockKind, blockKinds } from "./resnet/blocks.ts";
export {
  ResNet,
  type ResNetName,
  type ResNetOptions,
  type ResNetShape,
  type ResNetStage,
  resNets,
} from "./resnet/resnet.ts";
export { type RevisitedOptions, RevisitedResNet, type Tapped, transition } from "./resnet/revisited.ts";
export { ReversibleBlock } from "./resnet/revisited-blocks.ts";
export { SimClr, type SimClrOptions } from "./resnet/simclr.ts";
export { Vgg, type VggOptions } from "./resnet/vgg.ts";
export { type Adapter, type AdapterName, adapters, type Stage } from "./scatsimclr/presets.ts";
export { loadPublished, savePublished } from "./scatsimclr/published.ts";
export { ResidualBlock } from "./scatsimclr/residual-block.ts";
export { type Encoded, ScatSimClr, type ScatSimClrOptions } from "./scatsimclr/scatsimclr.ts";
export type { ModulusMaps } from "./scattering/cascade.ts";
export {
  type FilterPicture,
  type FilterPictures,
  filterPictures,
  type Picture,
} from "./scattering/filter-pictures.ts";
export type { Size } from "./scattering/geometry.ts";
export type { ScatteringPath } from "./scattering/paths.ts";
export {
  type Scattering2d,
  type ScatteringCoefficient,
  type ScatteringOptions,
  scattering2d,
} from "./scattering/scattering2d.ts";
export * from "./selfpatch/mod.ts";
export * from "./swin/mod.ts";
export * from "./vit/mod.ts";
