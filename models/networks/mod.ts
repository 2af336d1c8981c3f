export { DinoNetwork, type DinoNetworkOptions } from "./dino.ts";
export { EsVitNetwork, type EsVitNetworkOptions } from "./esvit.ts";
export { SelfPatchEncoder, SelfPatchNetwork, type SelfPatchNetworkOptions } from "./selfpatch.ts";
