import { type ChannelStatistics, normaliseChannels } from "../data/images.ts";
import { FileFormatError, readSafetensors, writeSafetensors } from "../io.ts";
import { key, type Tensor, zeros } from "../mod.ts";
import { loadWeights, saveWeights } from "../models/nn/weights.ts";
import type { ImageForm } from "./encoders/kind.ts";
import { type EncoderForm, isKnownMethod, kindOf } from "./encoders/kinds.ts";

/** What is said of every encoder beside its form. */
interface Common {
  readonly format: "morlet-encoder";
  readonly version: 1;
  /** Rows and columns of the images that it was trained on; others work, too. */
  readonly size: readonly [height: number, width: number];
  readonly channels: number;
  /** Of the representation. */
  readonly width: number;
  /** Images, 0 to 1, become (x - mean) / std by channel. */
  readonly statistics: ChannelStatistics;
  /** How it was trained, for people. */
  readonly training: Readonly<Record<string, unknown>>;
}

/** What a file of weights does not say by itself: the method, the model's form, and how images go in. Plain data. */
export type EncoderDescription = Common & EncoderForm;

/** An encoder with what is needed to use it. */
export interface Encoder {
  /** A tree of tensors whose paths are their published names. */
  readonly model: object;
  readonly description: EncoderDescription;
}

const FORMAT = "morlet-encoder" as const;

/** A description that tells all of the model's form. */
export function describeEncoder(
  form: EncoderForm,
  images: ImageForm,
  { statistics, training }: Pick<Common, "statistics" | "training">,
): EncoderDescription {
  const { height, width, channels } = images;
  const common = { format: FORMAT, version: 1, size: [height, width], channels } as const;
  const description = { ...form, ...common, width: 0, statistics, training };
  // Nothing is computed: the shape is known before.
  const model = emptyModel(description);
  const [, represented = 0] = encode({ model, description }, zeros([1, channels, height, width])).shape;
  return { ...description, width: represented };
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
 *   const encoder = readEncoder(await readFile("runs/first/encoder.safetensors"));
 *   const rows = encode(encoder, images);            // [B, 3, H, W], 0 to 1, to [B, D]
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

/**
 * The encoder of a training state, which is part of it: a teacher's backbone where there is a teacher.
 *
 * @param state Its tensors by path, as `saveWeights` or a checkpoint gives them.
 */
export function encoderOfState(
  state: Readonly<Record<string, Tensor>>,
  description: EncoderDescription,
): Encoder {
  const kind = kindOf(description);
  const kept = Object.entries(state).flatMap(([path, value]): [string, Tensor][] => {
    const name = kind.nameOf(path);
    return name === null ? [] : [[name, value]];
  });
  return encoderFrom(Object.fromEntries(kept), description);
}

/** A model of the described form with weights of its own: those that a run begins with whose model has this key. */
export function emptyModel(description: EncoderDescription, randomness: Tensor = key(0)): object {
  const { size, channels } = description;
  return kindOf(description).make(description, { height: size[0], width: size[1], channels }, randomness);
}

/** Representations `f32[B, D]` of images `f32[B, C, H, W]`, 0 to 1. */
export function encode({ model, description }: Encoder, images: Tensor): Tensor {
  const kind = kindOf(description);
  const normalised = normaliseChannels(images, description.statistics);
  return kind.represent(model, kind.fixed ? kind.fixed(model, normalised) : normalised);
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
  const { version, method, size, channels, statistics } = description;
  if (version !== 1) throw wrong(`its encoder is of version ${version}; this program reads 1`);
  if (!isKnownMethod(method)) throw wrong(`its encoder is of a method that is not known here: ${method}`);
  const whole = Array.isArray(size) && channels > 0 && statistics?.mean?.length === channels;
  if (!whole || !isForm(description)) throw wrong("the description of its encoder is damaged");
  return description;
}

/** Whether a model can be made of it. */
function isForm(description: EncoderDescription): boolean {
  try {
    emptyModel(description);
    return true;
  } catch {
    return false;
  }
}
