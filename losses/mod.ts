export * from "../engine/public/loss.ts";
export { type NtXentOptions, ntXent } from "./contrastive/nt-xent.ts";
