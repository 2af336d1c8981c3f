import type { KernelProgram } from "../../kernels/program.ts";
import { debug } from "../core/debug.ts";
import type { DType } from "../core/dtype.ts";
import type { PooledBuffer } from "./buffers.ts";
import type { Device } from "./device.ts";
import type { Pipeline } from "./pipelines.ts";
import type { Storage } from "./storage.ts";

/** The parts of a plan that running it needs. */
export interface RunnablePlan {
  readonly values: readonly {
    readonly dtype: DType;
    readonly shape: readonly number[];
    readonly bytes: number;
    readonly op: string;
    readonly place:
      | { readonly kind: "input"; readonly index: number }
      | { readonly kind: "output"; readonly index: number }
      | { readonly kind: "pool"; readonly pool: number; readonly offset: number };
  }[];
  readonly steps: readonly {
    readonly program: KernelProgram;
    readonly values: readonly number[];
    readonly ops: readonly string[];
  }[];
  readonly inputs: readonly (number | null)[];
  readonly outputs: readonly (
    | { readonly kind: "value"; readonly value: number }
    | { readonly kind: "input"; readonly index: number; readonly updated: boolean }
  )[];
  readonly pools: readonly number[];
}

interface CachedGroup {
  readonly ids: readonly number[];
  readonly group: GPUBindGroup;
}

/** Estimated work after which a command buffer is submitted, so that browsers do not take the GPU for hung. */
const FLOPS_PER_SUBMIT = 4e11;

/** Bind groups kept per dispatch: operands that alternate between two buffers find theirs again. */
const GROUPS_KEPT = 4;

/** A plan on a device: pipelines, intermediate buffers, and bind groups that are made once. */
export class Executable {
  readonly plan: RunnablePlan;
  private readonly device: Device;
  private readonly keepPools: boolean;
  private pipelines: Pipeline[] | null = null;
  private pools: PooledBuffer[] | null = null;
  private readonly groups: CachedGroup[][];

  constructor(device: Device, plan: RunnablePlan, keepPools: boolean) {
    this.device = device;
    this.plan = plan;
    this.keepPools = keepPools;
    this.groups = plan.steps.map(() => []);
  }

  /**
   * Queues one run. Values come into `outputs` when the queue gets there. `owned` tells which inputs the plan may
   * overwrite as they are; of the others that it updates, it overwrites a copy.
   */
  run(
    inputs: readonly Storage[],
    outputs: readonly Storage[],
    by: string,
    owned: (input: number) => boolean,
  ): void {
    for (const x of inputs) x.pin();
    const finish = () => {
      for (const x of inputs) x.unpin();
    };
    this.device.work.add({
      ready: this.prepare(),
      run: () => {
        this.encode(inputs, outputs, by, owned);
        finish();
      },
      fail: (error) => {
        for (const x of outputs) x.error ??= error;
        finish();
      },
    });
  }

  /** Gives the intermediate buffers back. */
  dispose(): void {
    for (const pool of this.pools ?? []) this.device.buffers.release(pool);
    this.pools = null;
    for (const list of this.groups) list.length = 0;
  }

  private prepare(): Promise<unknown> | null {
    if (this.pipelines) return null;
    const cache = this.device.pipelines;
    const found = this.plan.steps.map((s) => cache.peek(s.program));
    if (found.every((p): p is Pipeline => p !== undefined)) {
      this.pipelines = found;
      return null;
    }
    if (debug.level >= 4)
      for (const s of this.plan.steps) debug.print(`${s.program.name}\n${s.program.wgsl}`);
    return Promise.all(this.plan.steps.map((s) => cache.get(s.program))).then((all) => {
      this.pipelines = all;
    });
  }

  private encode(
    inputs: readonly Storage[],
    outputs: readonly Storage[],
    by: string,
    owned: (input: number) => boolean,
  ): void {
    const { device, plan } = this;
    for (const x of inputs) if (x.error) throw x.error;
    const home = this.placeOutputs(inputs, outputs, by, owned);
    this.pools ??= plan.pools.map((bytes) => device.buffers.acquire(bytes, `${by} pool`));
    const pools = this.pools;
    const buffers = plan.values.map((value): { buffer: PooledBuffer; offset: number } => {
      const { place } = value;
      if (place.kind === "pool") return { buffer: pools[place.pool] as PooledBuffer, offset: place.offset };
      const storage =
        place.kind === "output" ? outputs[place.index] : (home.get(place.index) ?? inputs[place.index]);
      return { buffer: (storage as Storage).onDevice(device), offset: 0 };
    });
    if (plan.steps.length > 0) this.dispatch(buffers);
    if (!this.keepPools) this.dispose();
  }

  /** Finds or makes the buffer of every output; returns who holds the new values of inputs that are updated. */
  private placeOutputs(
    inputs: readonly Storage[],
    outputs: readonly Storage[],
    by: string,
    owned: (input: number) => boolean,
  ): Map<number, Storage> {
    const { device, plan } = this;
    const home = new Map<number, Storage>();
    const made = new Map<number, Storage>();
    const copies: [Storage, Storage][] = [];
    plan.outputs.forEach((output, i) => {
      const mine = outputs[i] as Storage;
      if (output.kind === "value") {
        if (output.value < 0) return;
        const first = made.get(output.value);
        if (first) mine.alias(first);
        else mine.allocate(device, plan.values[output.value]?.op ?? by);
        made.set(output.value, first ?? mine);
        return;
      }
      const input = inputs[output.index] as Storage;
      input.onDevice(device);
      if (!output.updated) {
        mine.alias(input);
        return;
      }
      home.set(output.index, mine);
      if (owned(output.index)) {
        mine.takeFrom(input, by);
        return;
      }
      mine.allocate(device, by);
      copies.push([input, mine]);
    });
    if (copies.length > 0) {
      const encoder = device.gpu.createCommandEncoder({ label: `${by}: copy of state` });
      for (const [from, to] of copies) {
        encoder.copyBufferToBuffer(from.onDevice(device).gpu, 0, to.onDevice(device).gpu, 0, from.bytes);
      }
      device.queue.submit([encoder.finish()]);
    }
    return home;
  }

  private dispatch(buffers: readonly { buffer: PooledBuffer; offset: number }[]): void {
    const { device, plan } = this;
    const pipelines = this.pipelines as Pipeline[];
    if (device.profiler.active) {
      device.profiler.record(plan.steps, pipelines, (i) => this.groupOf(i, buffers));
      return;
    }
    let encoder = device.gpu.createCommandEncoder();
    let pass = encoder.beginComputePass();
    let last: GPUComputePipeline | null = null;
    let flops = 0;
    const commands: GPUCommandBuffer[] = [];
    for (let i = 0; i < plan.steps.length; i++) {
      const { program } = plan.steps[i] as RunnablePlan["steps"][number];
      const pipeline = (pipelines[i] as Pipeline).gpu;
      if (pipeline !== last) pass.setPipeline(pipeline);
      last = pipeline;
      pass.setBindGroup(0, this.groupOf(i, buffers));
      pass.dispatchWorkgroups(program.workgroups[0], program.workgroups[1], program.workgroups[2]);
      flops += program.cost.flops;
      if (flops > FLOPS_PER_SUBMIT && i + 1 < plan.steps.length) {
        pass.end();
        device.queue.submit([encoder.finish()]);
        encoder = device.gpu.createCommandEncoder();
        pass = encoder.beginComputePass();
        last = null;
        flops = 0;
      }
    }
    pass.end();
    commands.push(encoder.finish());
    device.queue.submit(commands);
  }

  /** The bind group of a dispatch for these buffers: made once for each set of them. */
  private groupOf(step: number, buffers: readonly { buffer: PooledBuffer; offset: number }[]): GPUBindGroup {
    const { values } = this.plan.steps[step] as RunnablePlan["steps"][number];
    const cached = this.groups[step] as CachedGroup[];
    for (const entry of cached) {
      let same = true;
      for (let j = 0; same && j < values.length; j++)
        same = buffers[values[j] as number]?.buffer.id === entry.ids[j];
      if (same) return entry.group;
    }
    const bound = values.map((v) => buffers[v] as { buffer: PooledBuffer; offset: number });
    const group = this.device.gpu.createBindGroup({
      layout: ((this.pipelines as Pipeline[])[step] as Pipeline).layout,
      entries: bound.map(({ buffer, offset }, binding) => {
        const value = this.plan.values[values[binding] as number];
        return {
          binding,
          resource: { buffer: buffer.gpu, offset, size: Math.ceil((value?.bytes ?? 4) / 4) * 4 },
        };
      }),
    });
    if (cached.length >= GROUPS_KEPT) cached.shift();
    cached.push({ ids: bound.map((b) => b.buffer.id), group });
    return group;
  }
}
