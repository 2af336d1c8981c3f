import { onHost } from "../../ir/on-host.ts";
import { attentionBy, type Composed } from "./attention.ts";
import * as contract from "./contract.ts";
import * as elementwise from "./elementwise.ts";
import * as fold from "./fold.ts";
import * as indexing from "./indexing.ts";
import * as movement from "./movement.ts";

/** From here on the records know their references. */
export function installReferences(composedAttention: Composed): void {
  onHost.references = {
    ...contract,
    ...elementwise,
    ...fold,
    ...indexing,
    ...movement,
    attention: attentionBy(composedAttention),
  } as typeof onHost.references;
}
