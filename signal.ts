// Fourier transforms, apart from the engine, so that who needs none does not load them.
export * from "./engine/public/fourier.ts";
