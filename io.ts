// File formats, apart from the engine, so that who needs none does not load them.
export { FileFormatError } from "./engine/io/errors.ts";
export {
  readNpy,
  readSafetensors,
  type SafetensorsContents,
  writeNpy,
  writeSafetensors,
} from "./engine/public/files.ts";
