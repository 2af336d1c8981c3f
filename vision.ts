// Images read at given places and kin, apart from the engine, so that who needs none does not load them.
export * from "./engine/public/vision.ts";
