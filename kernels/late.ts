/** Kernels that only drivers need which run on the CPU: there after `loadSoftware`. */
export const late = {} as typeof import("./software.ts");

/** What else is loaded for such drivers. */
export const softwareParts = [async () => void Object.assign(late, await import("./software.ts"))];

/** To be called before plans are made for a profile of the kind "software". */
export const loadSoftware = (): Promise<unknown> => Promise.all(softwareParts.map((load) => load()));
