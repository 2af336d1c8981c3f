/** What only drivers that run on the CPU need: there after `loadSoftware`. */
export const late = {} as typeof import("./software.ts");

/** To be called before plans are made for a profile of the kind "software". */
export const loadSoftware = async (): Promise<void> =>
  void Object.assign(late, await import("./software.ts"));
