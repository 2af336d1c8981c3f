export { type NtXentOptions, ntXent } from "./contrastive/nt-xent.ts";
