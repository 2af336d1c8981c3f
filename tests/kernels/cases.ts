// Every emitted kernel, read by the shader compiler of the host at hand: Tint in Node and Chromium, Naga in Deno.
import type { KernelProgram } from "../../kernels/program.ts";
import type { Case } from "../platform/case.ts";
import { emittedKernels } from "./emitted.ts";

/** Modules whose errors are asked for at a time. */
const BATCH = 100;

async function everyKernelCompiles(): Promise<void> {
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) throw new Error("no adapter");
  const optional = (["shader-f16", "subgroups"] as const).filter((f) => adapter.features.has(f));
  const device = await adapter.requestDevice({ requiredFeatures: optional });
  try {
    const problemOf = async (code: string): Promise<string | null> => {
      device.pushErrorScope("validation");
      device.createShaderModule({ code });
      return (await device.popErrorScope())?.message ?? null;
    };
    if ((await problemOf("fn f() -> f32 { return 1u; }")) === null)
      throw new Error("a text that does not compile is not found");
    const has =
      (name: string, feature: GPUFeatureName) =>
      ({ program }: { program: KernelProgram }) =>
        device.features.has(feature) || !program.wgsl.includes(`enable ${name};`);
    const kernels = emittedKernels().filter(has("f16", "shader-f16")).filter(has("subgroups", "subgroups"));
    for (let i = 0; i < kernels.length; i += BATCH) {
      const problems = await Promise.all(
        kernels.slice(i, i + BATCH).map(async ({ from, program }) => {
          const problem = await problemOf(program.wgsl);
          return problem && `${from}: ${program.name}: ${problem}\n${program.wgsl}`;
        }),
      );
      const first = problems.find((p) => p !== null);
      if (first) throw new Error(first);
    }
  } finally {
    device.destroy();
  }
}

export const cases: readonly Case[] = [{ name: "kernels: every text compiles", run: everyKernelCompiles }];
