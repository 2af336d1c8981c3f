import { debug } from "../core/debug.ts";
import type { Plan, PlanBlock } from "../ir/plan.ts";
import type { PooledBuffer } from "./buffers.ts";
import type { Device } from "./device.ts";
import type { Pipeline } from "./pipelines.ts";
import { Block, type Region, type Storage } from "./storage.ts";

interface CachedGroup {
  /** Buffer and offset of each binding. */
  readonly regions: readonly Region[];
  readonly group: GPUBindGroup;
}

/** Estimated work after which a command buffer is submitted, so that browsers do not take the GPU for hung. */
const FLOPS_PER_SUBMIT = 4e11;

/** Bind groups kept per dispatch: operands that alternate between two buffers find theirs again. */
const GROUPS_KEPT = 4;

interface Copy {
  readonly from: Region;
  readonly to: Region;
  readonly bytes: number;
}

/** A plan on a device: pipelines, intermediate buffers, and bind groups that are made once. */
export class Executable {
  readonly plan: Plan;
  private readonly device: Device;
  private readonly keepPools: boolean;
  private pipelines: Pipeline[] | null = null;
  private pools: PooledBuffer[] | null = null;
  private readonly groups: CachedGroup[][];

  constructor(device: Device, plan: Plan, keepPools: boolean) {
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
    this.pools ??= plan.pools.map((bytes) => device.buffers.acquire(bytes, `${by} pool`));
    const pools = this.pools;
    const copies: Copy[] = plan.copies.map(({ input, pool, offset, bytes }) => ({
      from: (inputs[input] as Storage).onDevice(device),
      to: { buffer: pools[pool] as PooledBuffer, offset },
      bytes,
    }));
    const blocks = plan.blocks.map((block) => this.fillBlock(block, inputs, outputs, by, owned, copies));
    const home = this.placeOutputs(inputs, outputs, by, owned, copies);
    this.copy(copies, by);
    const regions = plan.values.map(({ place }): Region => {
      if (place.kind === "pool") return { buffer: pools[place.pool] as PooledBuffer, offset: place.offset };
      if (place.kind === "block")
        return { buffer: (blocks[place.block] as Block).buffer, offset: place.offset };
      const storage =
        place.kind === "output" ? outputs[place.index] : (home.get(place.index) ?? inputs[place.index]);
      return (storage as Storage).onDevice(device);
    });
    if (plan.steps.length > 0) this.dispatch(regions);
    for (const block of blocks) block.release();
    if (!this.keepPools) this.dispose();
  }

  /** The buffer of a block: that of the inputs it replaces if they lie in it already, else a new one with copies of them. */
  private fillBlock(
    plan: PlanBlock,
    inputs: readonly Storage[],
    outputs: readonly Storage[],
    by: string,
    owned: (input: number) => boolean,
    copies: Copy[],
  ): Block {
    const { device } = this;
    const first = plan.segments[0]?.input ?? null;
    const seat = first === null ? null : (inputs[first] as Storage).seat;
    const ready =
      seat !== null &&
      plan.segments.every(({ input, offset }) => {
        if (input === null || !owned(input)) return false;
        const mine = (inputs[input] as Storage).seat;
        return mine?.block === seat.block && mine.offset === offset;
      }) &&
      // Nobody else's values may lie there, as those of a tensor that an earlier step passed on unchanged do.
      seat.block.shares === plan.segments.length;
    const block = ready ? seat.block.retain() : new Block(device, device.buffers.acquire(plan.bytes, by));
    for (const { input, output, offset, bytes } of plan.segments) {
      if (input !== null && !ready) {
        const from = (inputs[input] as Storage).onDevice(device);
        copies.push({ from, to: { buffer: block.buffer, offset }, bytes });
      }
      if (output !== null) (outputs[output] as Storage).occupy(block, offset);
      if (input !== null && owned(input)) (inputs[input] as Storage).markReplaced(by);
    }
    return block;
  }

  /** Finds or makes the buffer of every other output; returns who holds the new values of inputs that are updated. */
  private placeOutputs(
    inputs: readonly Storage[],
    outputs: readonly Storage[],
    by: string,
    owned: (input: number) => boolean,
    copies: Copy[],
  ): Map<number, Storage> {
    const { device, plan } = this;
    const home = new Map<number, Storage>();
    const made = new Map<number, Storage>();
    plan.outputs.forEach((output, i) => {
      const mine = outputs[i] as Storage;
      if (output.kind === "block") {
        // Two results of one value share what the first was given.
        if (!mine.seat) {
          const first = plan.outputs.findIndex(
            (o) => o.kind === "block" && o.block === output.block && o.offset === output.offset,
          );
          mine.alias(outputs[first] as Storage);
        }
        return;
      }
      if (output.kind === "value") {
        if (output.value < 0) return;
        const first = made.get(output.value);
        if (first) mine.alias(first);
        else mine.allocate(device, plan.values[output.value]?.op ?? by);
        made.set(output.value, first ?? mine);
        return;
      }
      const input = inputs[output.index] as Storage;
      const from = input.onDevice(device);
      if (!output.updated) {
        mine.alias(input);
        return;
      }
      home.set(output.index, mine);
      if (owned(output.index) && input.seat?.block.shares === 1) {
        mine.takeFrom(input, by);
        return;
      }
      copies.push({ from, to: mine.allocate(device, by), bytes: input.bytes });
    });
    return home;
  }

  private copy(copies: readonly Copy[], by: string): void {
    if (copies.length === 0) return;
    const encoder = this.device.gpu.createCommandEncoder({ label: `${by}: copies` });
    for (const { from, to, bytes } of copies) {
      encoder.copyBufferToBuffer(from.buffer.gpu, from.offset, to.buffer.gpu, to.offset, bytes);
    }
    this.device.queue.submit([encoder.finish()]);
  }

  private dispatch(regions: readonly Region[]): void {
    const { device, plan } = this;
    const pipelines = this.pipelines as Pipeline[];
    if (device.profiler.active) {
      device.profiler.record(plan.steps, pipelines, (i) => this.groupOf(i, regions));
      return;
    }
    let encoder = device.gpu.createCommandEncoder();
    let pass = encoder.beginComputePass();
    let last: GPUComputePipeline | null = null;
    let flops = 0;
    const commands: GPUCommandBuffer[] = [];
    for (let i = 0; i < plan.steps.length; i++) {
      const { program } = plan.steps[i] as Plan["steps"][number];
      const pipeline = (pipelines[i] as Pipeline).gpu;
      if (pipeline !== last) pass.setPipeline(pipeline);
      last = pipeline;
      pass.setBindGroup(0, this.groupOf(i, regions));
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
  private groupOf(step: number, regions: readonly Region[]): GPUBindGroup {
    const { values } = this.plan.steps[step] as Plan["steps"][number];
    const cached = this.groups[step] as CachedGroup[];
    for (const entry of cached) {
      let same = true;
      for (let j = 0; same && j < values.length; j++) {
        const now = regions[values[j] as number] as Region;
        const then = entry.regions[j] as Region;
        same = now.buffer === then.buffer && now.offset === then.offset;
      }
      if (same) return entry.group;
    }
    const bound = values.map((v) => regions[v] as Region);
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
    cached.push({ regions: bound, group });
    return group;
  }
}
