import { ShapeError, type Tensor } from "../../mod.ts";
import { Conv2d } from "../nn/conv.ts";
import type { Module } from "../nn/module.ts";

/** A linear layer on square patches: `f32[B, C, H, W]` to `f32[B, h * w, width]`, row by row; edges that fill no patch are left out. */
export class PatchEmbed implements Module {
  readonly proj: Conv2d;
  readonly patch: number;

  constructor({
    key,
    channels,
    width,
    patch,
  }: { key: Tensor; channels: number; width: number; patch: number }) {
    this.proj = new Conv2d({
      key,
      inChannels: channels,
      outChannels: width,
      kernelSize: patch,
      stride: patch,
    });
    this.patch = patch;
  }

  /** Rows and columns of patches of images. */
  grid(images: Tensor): [number, number] {
    const [, , height = 0, width = 0] = images.shape;
    const grid: [number, number] = [Math.floor(height / this.patch), Math.floor(width / this.patch)];
    if (images.rank !== 4 || grid[0] < 1 || grid[1] < 1) {
      throw new ShapeError("PatchEmbed", {
        problem: `there is no whole patch of ${this.patch} by ${this.patch}`,
        got: { images },
        need: "[B, C, H, W]",
      });
    }
    return grid;
  }

  forward(images: Tensor): Tensor {
    this.grid(images);
    return this.proj.forward(images).flatten(2).swapAxes(1, 2);
  }
}
