export { type LoadTransformerOptions, loadTransformer } from "./load-transformer.ts";
export { commonNames } from "./names.ts";
