import type { DebugSettings } from "../core/debug.ts";
import type { Profile } from "../core/profile.ts";
import type { FusedProgram } from "./fused-program.ts";
import { checkFused, checkOrdered, checkTensors } from "./pass-rules.ts";
import { printFused, printProgram } from "./print.ts";
import type { Program } from "./program.ts";

/** Prints what a pass has made, and checks the rules that hold after it. */
export function watchPass(
  name: string,
  after: Program | FusedProgram,
  profile: Profile,
  { verify, print }: { verify: boolean; print: DebugSettings["print"] | null },
): void {
  if ("clusters" in after) {
    if (verify && name === "fuse") checkFused(after, profile);
    if (verify && ["order", "bundle", "reuse"].includes(name)) checkOrdered(after);
    print?.(`-- after ${name}\n${printFused(after)}`);
  } else {
    if (verify) checkTensors(after);
    print?.(`-- after ${name}\n${printProgram(after)}`);
  }
}
