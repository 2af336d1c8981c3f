import { dinoPresets } from "./presets/dino.ts";
import { esVitPresets } from "./presets/esvit.ts";
import type { Preset } from "./presets/preset.ts";
import { scatSimClrPresets } from "./presets/scatsimclr.ts";
import { selfPatchPresets } from "./presets/selfpatch.ts";
import { simClrPresets } from "./presets/simclr.ts";

/** Recipes by name, method by method. */
export const presets = {
  ...scatSimClrPresets,
  ...simClrPresets,
  ...dinoPresets,
  ...selfPatchPresets,
  ...esVitPresets,
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;

export const presetNames = Object.keys(presets) as PresetName[];

export const isPreset = (name: string): name is PresetName => Object.hasOwn(presets, name);
