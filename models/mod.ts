export * from "./nn/mod.ts";
