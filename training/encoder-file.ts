import { type ChannelStatistics, normaliseChannels } from "../data/images.ts";
import { FileFormatError, readSafetensors, writeSafetensors } from "../io.ts";
import { key, type Tensor } from "../mod.ts";
import { loadWeights, saveWeights } from "../models/nn/weights.ts";
import { ScatSimClr, type ScatSimClrOptions } from "../models/scatsimclr/scatsimclr.ts";

/** What a file of weights does not say by itself: the model's form, and how images go in. Plain data. */
export interface EncoderDescription {
  readonly format: "morlet-encoder";
  readonly version: 1;
  readonly method: "ScatSimCLR";
  readonly scattering: { readonly J: number; readonly L: number };
  /** Rows and columns of the images that it was trained on; others work, too. */
  readonly size: readonly [height: number, width: number];
  readonly channels: number;
  readonly adapter: NonNullable<ScatSimClrOptions["adapter"]>;
  /** Widths of the representation and of the projection head. */
  readonly width: number;
  readonly hidden: number;
  readonly out: number;
  /** Images, 0 to 1, become (x - mean) / std by channel. */
  readonly statistics: ChannelStatistics;
  /** How it was trained, for people. */
  readonly training: Readonly<Record<string, unknown>>;
}

/** An encoder with what is needed to use it. */
export interface Encoder {
  readonly model: ScatSimClr;
  readonly description: EncoderDescription;
}

const FORMAT = "morlet-encoder" as const;

/** What is known of an encoder before it is trained. */
export interface EncoderForm
  extends Pick<EncoderDescription, "size" | "channels" | "statistics" | "adapter"> {
  readonly scattering: EncoderDescription["scattering"];
  /** Null: that of the representation. */
  readonly hidden: number | null;
  readonly out: number;
}

/** Cells that the representation is pooled to. */
const CELLS = 16;

/** A description that tells all of the model's form. */
export function describeEncoder(
  form: EncoderForm,
  training: EncoderDescription["training"],
): EncoderDescription {
  const { adapter, hidden } = form;
  const width = CELLS * (adapter.stages.at(-1)?.width ?? adapter.stem);
  const kind = { format: FORMAT, version: 1, method: "ScatSimCLR" } as const;
  return { ...kind, ...form, width, hidden: hidden ?? width, training };
}

/**
 * An encoder as one safetensors file: weights under the published names, the description in the metadata.
 *
 * Source: training/encoder-file.ts.
 */
export function writeEncoder({ model, description }: Encoder): Promise<Uint8Array<ArrayBuffer>> {
  return writeSafetensors(saveWeights(model), { format: FORMAT, encoder: JSON.stringify(description) });
}

/**
 * The encoder of a file that `writeEncoder` has made.
 *
 * @throws {FileFormatError} If the file is damaged or is none.
 *
 * @example
 *   const { model, description } = readEncoder(await readFile("runs/first/encoder.safetensors"));
 *
 * Source: training/encoder-file.ts.
 */
export function readEncoder(bytes: Uint8Array): Encoder {
  const { tensors, metadata } = readSafetensors(bytes);
  return encoderFrom(tensors, descriptionOf(metadata));
}

/** An encoder from weights by name. */
export function encoderFrom(
  tensors: Readonly<Record<string, Tensor>>,
  description: EncoderDescription,
): Encoder {
  try {
    const { model } = loadWeights(emptyModel(description), tensors);
    return { model, description };
  } catch (cause) {
    if (!(cause instanceof Error && cause.name === "WeightsError")) throw cause;
    throw new FileFormatError("safetensors", {
      problem: `its weights do not fit it: ${cause.message}`,
      cause,
    });
  }
}

/** A model of the described form with weights of its own. */
export function emptyModel(
  { scattering, size, channels, adapter, hidden, out }: EncoderDescription,
  randomness: Tensor = key(0),
): ScatSimClr {
  return new ScatSimClr({
    ...{ key: randomness, channels, adapter, hidden, out },
    scattering: { ...scattering, shape: size },
  });
}

/** Representations of images `f32[B, C, H, W]`, 0 to 1. */
export function encode({ model, description }: Encoder, images: Tensor): Tensor {
  return model.encode(model.scatter(normaliseChannels(images, description.statistics))).h;
}

function descriptionOf({ format, encoder }: Readonly<Record<string, string>>): EncoderDescription {
  const wrong = (problem: string) => new FileFormatError("safetensors", { problem });
  if (format !== FORMAT || encoder === undefined) {
    throw wrong("it has no description of an encoder; need an encoder.safetensors of a run");
  }
  let description: EncoderDescription;
  try {
    description = JSON.parse(encoder) as EncoderDescription;
  } catch {
    throw wrong("the description of its encoder is damaged");
  }
  const { version, size, channels, statistics, adapter, scattering } = description;
  if (version !== 1) throw wrong(`its encoder is of version ${version}; this program reads 1`);
  const whole =
    Array.isArray(size) && channels > 0 && statistics?.mean?.length === channels && adapter && scattering;
  if (!whole) throw wrong("the description of its encoder is damaged");
  return description;
}
