import { conv1d, conv2d, conv3d, convTranspose2d, type Tensor } from "../../mod.ts";
import { fans, torchDefault } from "./init.ts";
import { keyStream } from "./keys.ts";
import type { Module } from "./module.ts";

/** One number for all spatial axes, or one for each. */
type PerAxis = number | readonly number[];

export interface ConvOptions {
  key: Tensor;
  inChannels: number;
  outChannels: number;
  kernelSize: PerAxis;
  /** Default 1. */
  stride?: PerAxis;
  /** Zeros on each side, or "same" for outputs as large as the inputs. Default 0. */
  padding?: PerAxis | "same";
  /** Default 1. */
  dilation?: PerAxis;
  /** Channels in this many groups that do not see each other. Default 1. */
  groups?: number;
  /** Default true. */
  bias?: boolean;
}

/** What the convolutions of all ranks share: `weight` of shape `[outChannels, inChannels / groups, ...kernel]`. */
abstract class Convolution implements Module {
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly stride: PerAxis;
  readonly padding: PerAxis | "same";
  readonly dilation: PerAxis;
  readonly groups: number;

  constructor(name: string, rank: number, options: ConvOptions) {
    const { key, inChannels, outChannels, bias = true, groups = 1 } = options;
    checkGroups(name, inChannels, outChannels, groups);
    const shape = [outChannels, inChannels / groups, ...kernelOf(name, options.kernelSize, rank)];
    const { fanIn } = fans(shape);
    const next = keyStream(key);
    this.weight = torchDefault(next(), shape, fanIn);
    this.bias = bias ? torchDefault(next(), [outChannels], fanIn) : null;
    this.stride = options.stride ?? 1;
    this.padding = options.padding ?? 0;
    this.dilation = options.dilation ?? 1;
    this.groups = groups;
  }

  abstract forward(x: Tensor): Tensor;

  protected options() {
    const { stride, padding, dilation, groups } = this;
    return { bias: this.bias ?? undefined, stride, padding, dilation, groups };
  }
}

/** `f32[B, inChannels, L]` to `f32[B, outChannels, L']`. */
export class Conv1d extends Convolution {
  constructor(options: ConvOptions) {
    super("Conv1d", 1, options);
  }

  forward(x: Tensor): Tensor {
    return conv1d(x, this.weight, this.options());
  }
}

/** `f32[B, inChannels, H, W]` to `f32[B, outChannels, H', W']`. */
export class Conv2d extends Convolution {
  constructor(options: ConvOptions) {
    super("Conv2d", 2, options);
  }

  forward(x: Tensor): Tensor {
    return conv2d(x, this.weight, this.options());
  }
}

/** `f32[B, inChannels, T, H, W]` to `f32[B, outChannels, T', H', W']`. */
export class Conv3d extends Convolution {
  constructor(options: ConvOptions) {
    super("Conv3d", 3, options);
  }

  forward(x: Tensor): Tensor {
    return conv3d(x, this.weight, this.options());
  }
}

export interface ConvTransposeOptions extends Omit<ConvOptions, "padding"> {
  /** Rows and columns taken off each side of the output. Default 0. */
  padding?: PerAxis;
  /** Rows and columns added at the far end of the output. Default 0. */
  outputPadding?: PerAxis;
}

/** `f32[B, inChannels, H, W]` to `f32[B, outChannels, H', W']`, H' = (H - 1) stride - 2 padding + dilation (kernel - 1) + outputPadding + 1. */
export class ConvTranspose2d implements Module {
  /** `[inChannels, outChannels / groups, ...kernel]`. */
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly stride: PerAxis;
  readonly padding: PerAxis;
  readonly outputPadding: PerAxis;
  readonly dilation: PerAxis;
  readonly groups: number;

  constructor(options: ConvTransposeOptions) {
    const { key, inChannels, outChannels, bias = true, groups = 1 } = options;
    checkGroups("ConvTranspose2d", inChannels, outChannels, groups);
    const shape = [inChannels, outChannels / groups, ...kernelOf("ConvTranspose2d", options.kernelSize, 2)];
    // PyTorch reads this layout as if it were a convolution's, so its "fan in" is that of the outputs.
    const { fanIn } = fans(shape);
    const next = keyStream(key);
    this.weight = torchDefault(next(), shape, fanIn);
    this.bias = bias ? torchDefault(next(), [outChannels], fanIn) : null;
    this.stride = options.stride ?? 1;
    this.padding = options.padding ?? 0;
    this.outputPadding = options.outputPadding ?? 0;
    this.dilation = options.dilation ?? 1;
    this.groups = groups;
  }

  forward(x: Tensor): Tensor {
    const { stride, padding, outputPadding, dilation, groups } = this;
    const options = { bias: this.bias ?? undefined, stride, padding, outputPadding, dilation, groups };
    return convTranspose2d(x, this.weight, options);
  }
}

function kernelOf(name: string, kernel: PerAxis, rank: number): readonly number[] {
  const sizes = typeof kernel === "number" ? new Array<number>(rank).fill(kernel) : kernel;
  if (sizes.length !== rank || !sizes.every((n) => Number.isInteger(n) && n > 0)) {
    throw new RangeError(`${name}: a kernel of [${sizes}]; need one positive size or ${rank}`);
  }
  return sizes;
}

function checkGroups(name: string, inputs: number, outputs: number, groups: number): void {
  if (Number.isInteger(groups) && groups > 0 && inputs % groups === 0 && outputs % groups === 0) return;
  throw new RangeError(
    `${name}: ${inputs} and ${outputs} channels do not fall into ${groups} groups; need multiples`,
  );
}
