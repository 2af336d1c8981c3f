export { DinoNetwork, type DinoNetworkOptions } from "./dino.ts";
export { EsVitNetwork, type EsVitNetworkOptions } from "./esvit.ts";
export { SelfPatchNetwork, type SelfPatchNetworkOptions } from "./selfpatch.ts";
