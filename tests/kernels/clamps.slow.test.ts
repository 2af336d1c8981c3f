// Indices that Tint cannot prove to be in range are clamped at each load, and loops whose end it does not see count
// their rounds in 64 bits: kernels are written so that it can and does.
import { beforeAll, describe, expect, test } from "vitest";
import { benches as mlp } from "../../bench/steps/mlp.ts";
import { benches as simclr } from "../../bench/steps/simclr.ts";
import { benches as vit } from "../../bench/steps/vit.ts";
import { createDevice, setDevice } from "../../mod.ts";
import { nullGPU } from "../support/host.ts";
import { quadProfile } from "../support/quad-profile.ts";
import { type Added, addedByTint, printsSpirv } from "../support/spirv.ts";
import { emittedKernels } from "./emitted.ts";

const MOST_CLAMPS = 4;

interface Exception {
  readonly of: (kernel: Kernel) => boolean;
  readonly clamps: number;
  readonly because: string;
}

const exceptions: readonly Exception[] = [
  {
    of: ({ wgsl }) => /partial\w+\[lane \+ \d+u\]/.test(wgsl),
    clamps: 40,
    because: "lanes that share a row add up what others have left in workgroup memory, under conditions",
  },
  {
    of: ({ wgsl }) => wgsl.includes("i32(lane >> 16u)"),
    clamps: 32,
    because:
      "llvmpipe is not to know where these loops begin; wgpu runs there, which Naga compiles for, not Tint",
  },
  {
    of: ({ quads, wgsl }) => quads && /select\(0, |let k\d+ = k\d+;/.test(wgsl),
    clamps: Infinity,
    because: "in quads a clamp costs less than what shows a compiler that it is not needed",
  },
];

interface Kernel {
  readonly name: string;
  readonly wgsl: string;
  /** Whether no other family has it. */
  readonly quads: boolean;
}

process.env.MORLET_GPU_SIZES = "tiny";
const steps = {
  mlp,
  vit,
  simclr,
  swin: (await import("../../bench/gpu/swin.ts")).benches,
  scatsimclr: (await import("../../bench/gpu/scatsimclr.ts")).benches,
};

/** The kernels of the training steps that bench/ times, planned on the null device. */
async function kernelsOfSteps(family: "gpu" | "quads"): Promise<Kernel[]> {
  const device = await createDevice({ gpu: nullGPU(), kernels: family === "gpu" ? "gpu" : "software" });
  if (family === "quads") Object.defineProperty(device, "profile", { value: quadProfile });
  setDevice(device);
  const kernels: Kernel[] = [];
  const create = device.gpu.createShaderModule.bind(device.gpu);
  let step = "";
  device.gpu.createShaderModule = (text) => {
    kernels.push({ name: `${step}, ${family}: ${text.label}`, wgsl: text.code, quads: family === "quads" });
    return create(text);
  };
  for (const [name, [bench]] of Object.entries(steps)) {
    step = name;
    const subject = await Object.values(bench?.variants ?? {})[0]?.();
    await subject?.numbers?.(1);
  }
  device.destroy();
  return kernels;
}

const total = ({ clamps }: Added): number => clamps.reduce((a, b) => a + b, 0);
const exceeds = (added: Added): boolean => total(added) > MOST_CLAMPS || added.guards > 0;
const told = ({ name }: Kernel, { clamps, guards }: Added): string =>
  `${name}: clamps by depth of loops ${clamps.join()}, loops that are guarded ${guards}`;

test.skipIf(printsSpirv)("needs the packaged Vulkan driver, which is built for Linux on x64 alone", () => {});

describe.runIf(printsSpirv)("what Tint adds", () => {
  const kernels: Kernel[] = [];
  let added: Added[] = [];
  beforeAll(async () => {
    for (const family of ["gpu", "quads"] as const) kernels.push(...(await kernelsOfSteps(family)));
    // The driver has no half floats; what reads them computes its indices in the same way.
    for (const { from, program, quads } of emittedKernels())
      if (!program.needsF16) kernels.push({ name: `${from}: ${program.name}`, wgsl: program.wgsl, quads });
    added = await addedByTint(kernels.map((kernel) => kernel.wgsl));
  });
  const of = (kernel: Kernel): Added => added[kernels.indexOf(kernel)] as Added;

  test("at most four clamps a kernel, and no guard of a loop", () => {
    const found = kernels.filter((kernel) => {
      const allowed = exceptions.find((each) => each.of(kernel));
      return (
        exceeds(of(kernel)) && !(allowed && total(of(kernel)) <= allowed.clamps && of(kernel).guards === 0)
      );
    });
    expect(kernels.length).toBeGreaterThan(1000);
    expect(found.map((kernel) => told(kernel, of(kernel)))).toEqual([]);
  });

  test.each(exceptions)("an exception is needed: $because", (exception) => {
    expect(kernels.some((kernel) => exception.of(kernel) && exceeds(of(kernel)))).toBe(true);
  });

  test("what no compiler can prove is found", async () => {
    const product = kernels.find(
      ({ wgsl }) => /for \(var k0 = 0; k0 < \d+;/.test(wgsl) && wgsl.includes("in1"),
    ) as Kernel;
    const texts = [
      product.wgsl,
      product.wgsl.replaceAll("i32(lane)", "i32(lane & 31u)"),
      product.wgsl.replace(/k0 < \d+;/, "k0 < i32(in0[0]);"),
    ];
    const [plain, masked, unbounded] = (await addedByTint(texts)) as [Added, Added, Added];
    expect(exceeds(plain)).toBe(false);
    expect(total(masked)).toBeGreaterThan(MOST_CLAMPS);
    expect(unbounded.guards).toBe(1);
  });
});
