import { type Profile, softwareProfile } from "../../engine/core/profile.ts";
import { loadQuads } from "../../kernels/dot.ts";

// A device loads them when it is opened; plans of this profile have no device.
await loadQuads();

/** Drivers on the CPU whose lanes run in fours. */
export const quadProfile: Profile = { ...softwareProfile, quads: true };
