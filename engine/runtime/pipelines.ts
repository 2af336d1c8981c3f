import { bindingBytes, type KernelProgram } from "../../kernels/program.ts";
import { KernelError } from "../core/errors.ts";

export interface Pipeline {
  readonly gpu: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

const COMPUTE_STAGE = 4;

/** Pipelines kept for programs to come; plans hold those they use, however many they are. */
const KEPT = 4096;

/** Compiled kernels by their text; equal programs compile once, and many compile at a time. */
export class PipelineCache {
  readonly #ready = new Map<string, Pipeline>();
  readonly #pending = new Map<string, Promise<Pipeline>>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  #count = 0;

  readonly #device: GPUDevice;
  readonly #loss: () => Error | null;

  /** `loss` tells why the device is gone, if it is. */
  constructor(device: GPUDevice, loss: () => Error | null = () => null) {
    this.#device = device;
    this.#loss = loss;
  }

  /** Pipelines compiled so far. */
  get compiled(): number {
    return this.#count;
  }

  /** The pipeline if it has been compiled. */
  peek(program: KernelProgram): Pipeline | undefined {
    return this.#ready.get(program.wgsl);
  }

  get(program: KernelProgram): Promise<Pipeline> {
    const ready = this.#ready.get(program.wgsl);
    if (ready) return Promise.resolve(ready);
    let pending = this.#pending.get(program.wgsl);
    if (!pending) {
      pending = this.#compile(program).finally(() => this.#pending.delete(program.wgsl));
      this.#pending.set(program.wgsl, pending);
    }
    return pending;
  }

  async #compile(program: KernelProgram): Promise<Pipeline> {
    this.#count++;
    const device = this.#device;
    const layout = this.#layoutOf(program);
    // The scope catches what the shader compiler says; creation itself rejects on anything else.
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ label: program.name, code: program.wgsl });
    const creating = device.createComputePipelineAsync({
      label: program.name,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: "main" },
    });
    const scope = device.popErrorScope().catch(() => null);
    try {
      const gpu = await creating;
      await scope;
      const pipeline = { gpu, layout };
      this.#ready.set(program.wgsl, pipeline);
      if (this.#ready.size > KEPT) this.#ready.delete(this.#ready.keys().next().value as string);
      return pipeline;
    } catch (error) {
      await scope;
      const loss = this.#loss();
      if (loss) throw loss;
      throw new KernelError(program.name, program.wgsl, await messagesOf(module, error));
    }
  }

  /** Layouts depend on access and size only, so kernels share them. */
  #layoutOf(program: KernelProgram): GPUBindGroupLayout {
    const key = program.bindings.map((b) => `${b.access === "read" ? "r" : "w"}${bindingBytes(b)}`).join();
    let layout = this.#layouts.get(key);
    if (!layout) {
      if (this.#layouts.size >= KEPT) this.#layouts.clear();
      layout = this.#device.createBindGroupLayout({
        entries: program.bindings.map((b, binding) => ({
          binding,
          visibility: COMPUTE_STAGE,
          buffer: {
            type: b.access === "read" ? "read-only-storage" : "storage",
            minBindingSize: bindingBytes(b),
          },
        })),
      });
      this.#layouts.set(key, layout);
    }
    return layout;
  }
}

async function messagesOf(module: GPUShaderModule, error: unknown): Promise<string[]> {
  try {
    const info = await module.getCompilationInfo();
    const lines = info.messages.map((m) => `line ${m.lineNum}: ${m.message}`);
    if (lines.length > 0) return lines;
  } catch {
    // Some hosts cannot tell; what creation said must do.
  }
  return [error instanceof Error ? error.message : String(error)];
}
