import { type Profile, softwareProfile } from "../../engine/core/profile.ts";
import { loadSoftware } from "../../kernels/late.ts";

// A device loads its kernels when it is opened; plans of this profile have no device.
await loadSoftware();

/** Drivers on the CPU whose lanes run in fours. */
export const quadProfile: Profile = { ...softwareProfile, quads: true };
