// What images need: pooling, other sizes, windows as columns, reading at given places and kin; apart from the engine, so that who needs none
// does not load them.
export * from "./engine/public/pooling.ts";
export * from "./engine/public/resample.ts";
export * from "./engine/public/unfold.ts";
export * from "./engine/public/vision.ts";
