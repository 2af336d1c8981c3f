import type { Cost } from "../../kernels/program.ts";
import { debug } from "../core/debug.ts";
import type { Profile } from "../core/profile.ts";
import { onHost } from "../ir/on-host.ts";
import type { Plan, PlanStep, PlanValue } from "../ir/plan.ts";
import { Block } from "./block.ts";
import type { Copy, Region } from "./buffers.ts";
import type { Device } from "./device.ts";
import { Outcome, refusalOf } from "./outcome.ts";
import type { Pipeline } from "./pipelines.ts";
import { type KeptBuffers, Placement, type Run } from "./placement.ts";
import { PLACE_BYTES } from "./shelf.ts";

interface CachedGroup {
  /** Buffer and offset of each binding. */
  readonly regions: readonly Region[];
  readonly group: GPUBindGroup;
}

/** Bind groups kept per dispatch: operands that alternate between two buffers find theirs again. */
const GROUPS_KEPT = 4;

/**
 * The work after which a command buffer ends: on a GPU about 100 ms of a slow one, so that browsers do not take it for
 * hung and have it for their pages in between; in software some seconds, since pages are drawn beside it.
 */
const MOST_OF_A_SUBMIT: Record<Profile["kind"], Cost> = {
  gpu: { flops: 2e10, bytes: 2e9 },
  software: { flops: 2e10, bytes: 2e10 },
};

/** A plan on a device: pipelines, intermediate buffers, and bind groups that are made once. */
export class Executable {
  readonly plan: Plan;
  readonly #device: Device;
  #keeps: boolean;
  #pipelines: Pipeline[] | null = null;
  #kept: KeptBuffers | null = null;
  /** The outcome of the last run with commands that no run before had, until it is known to be good. */
  #unproven: Outcome | null = null;
  /** From taking memory for a run to giving its commands to the GPU. */
  #busy = false;
  readonly #groups: CachedGroup[][];
  /** Dispatches before which a new command buffer begins. */
  readonly #cuts: ReadonlySet<number>;

  /** `keeps` says whether intermediate buffers stay from one run to the next, as those of a training step should. */
  constructor(device: Device, plan: Plan, keeps: boolean) {
    this.#device = device;
    this.plan = plan;
    this.#keeps = keeps;
    this.#groups = plan.steps.map(() => []);
    this.#cuts = cutsOf(plan, MOST_OF_A_SUBMIT[device.profile.kind]);
    if (keeps) device.addKeeper(this);
  }

  /** Queues one run. Values come into the outputs when the queue gets there; if it fails, the inputs are as before. */
  run(run: Run): void {
    const inputs = [...run.inputs];
    // Results that nobody wants any more when they come are freed then.
    const used = [...inputs, ...run.outputs];
    for (const x of used) x.pin();
    for (const x of run.outputs) x.promise(this.#device);
    const unpin = () => {
      for (const x of used) x.unpin();
    };
    this.#device.work.add({
      ready: this.prepare(),
      step: this.#keeps,
      run: () => {
        const rest = this.#begin({ ...run, inputs: [...inputs] });
        if (rest) return rest.then(unpin);
        unpin();
        return null;
      },
      fail: (error) => {
        for (const x of run.outputs) x.fail(error);
        inputs.forEach((x, i) => {
          if (run.owned(i)) x.restore();
        });
        unpin();
      },
    });
  }

  /** Gives the intermediate buffers back, now and after each run that is still to come. */
  dispose(): void {
    this.#keeps = false;
    this.relieve();
  }

  /** Gives the intermediate buffers back; the next run takes new ones. */
  relieve(): void {
    if (this.#busy) return;
    const { pools = [], landings = new Map<number, Block>() } = this.#kept ?? {};
    for (const block of [...pools, ...landings.values()]) block.release();
    this.#kept = null;
    this.#forgetGroups();
  }

  /** Null when the kernels are compiled; else resolves when they are. */
  prepare(): Promise<unknown> | null {
    if (this.#pipelines) return null;
    const cache = this.#device.pipelines;
    const found = this.plan.steps.map((s) => cache.peek(s.program));
    if (found.every((p): p is Pipeline => p !== undefined)) {
      this.#pipelines = found;
      return null;
    }
    return Promise.all(this.plan.steps.map((s) => cache.get(s.program))).then((all) => {
      this.#pipelines = all;
    });
  }

  /** Takes memory for a run, and runs it as soon as the driver has granted it. */
  #begin(run: Run): Promise<unknown> | null {
    const device = this.#device;
    const loading = device.profiler.active ? device.profiler.load() : null;
    if (loading) return loading.then(() => this.#begin(run));
    for (const x of run.inputs) if (x.error) throw x.error;
    let placement: Placement | null = null;
    const cancel = () => {
      placement?.cancel();
      this.#busy = false;
      this.relieve();
    };
    this.#busy = true;
    try {
      this.#kept ??= this.#takeBuffers(run.by);
      placement = new Placement(device, this.plan, run, this.#kept);
      placement.reserve();
    } catch (error) {
      cancel();
      device.buffers.granted()?.catch(() => undefined);
      throw error;
    }
    const place = placement;
    const granted = device.buffers.granted();
    if (!granted) return this.#submit(run, place);
    return granted.then(
      () => this.#submit(run, place),
      (error) => {
        cancel();
        throw error;
      },
    );
  }

  #takeBuffers(by: string): KeptBuffers {
    const { plan } = this;
    const device = this.#device;
    const keeps = this.#keeps;
    const pools: Block[] = [];
    const landings = new Map<number, Block>();
    try {
      for (const bytes of plan.pools)
        pools.push(Block.allocate(device, bytes, `${by}: intermediate results`));
      for (const value of keeps ? Placement.smallResults(plan) : [])
        landings.set(value, Block.allocate(device, PLACE_BYTES, `${by}: small result`));
      const pooled = plan.values.map(({ place }): Region | null =>
        place.kind === "pool" ? { buffer: (pools[place.pool] as Block).buffer, offset: place.offset } : null,
      );
      return { pools, pooled, landings };
    } catch (error) {
      for (const block of [...pools, ...landings.values()]) block.release();
      throw error;
    }
  }

  /** Gives a run's commands to the GPU. What WebGPU finds wrong with them is told to those who read the results. */
  #submit(run: Run, placement: Placement): Promise<unknown> | null {
    if (debug.compare || debug.nanCheck) return this.#submitStepwise(run, placement);
    const device = this.#device;
    const sources = run.inputs.map((x) => x.outcome);
    const started = performance.now();
    let outcome: Outcome | null = null;
    try {
      placement.commit();
      const groups = this.#findGroups(placement.regions);
      if (groups && placement.before.length === 0 && this.#unproven === null) {
        // The very commands that WebGPU has found right before.
        this.#encode(run.by, placement, groups);
        outcome = Outcome.after(sources);
      } else {
        device.gpu.pushErrorScope("validation");
        try {
          this.#encode(run.by, placement, groups ?? this.#makeGroups(placement.regions));
        } finally {
          outcome = new Outcome(refusalOf(device.gpu, run.by), sources);
          this.#watch(outcome);
        }
      }
    } finally {
      for (const x of run.outputs) x.outcome = outcome;
      this.#finish(placement);
    }
    device.profiler.span("encode", run.by, started);
    return null;
  }

  /** Keeps an eye on commands that are new, until WebGPU has said what it thinks of them. */
  #watch(outcome: Outcome): void {
    this.#unproven = outcome;
    const judge = () => {
      if (outcome.error) this.#forgetGroups();
      else if (this.#unproven === outcome) this.#unproven = null;
    };
    outcome.settled.then(judge, judge);
  }

  #finish(placement: Placement): void {
    this.#busy = false;
    placement.release();
    if (!this.#keeps) this.relieve();
  }

  /** The same one dispatch at a time, each checked as `debug.compare` and `debug.nanCheck` ask for it. */
  #submitStepwise(run: Run, placement: Placement): Promise<unknown> {
    const { plan } = this;
    const device = this.#device;
    const sources = run.inputs.map((x) => x.outcome);
    const send = (encode: (encoder: GPUCommandEncoder) => void) => {
      const encoder = device.gpu.createCommandEncoder({ label: run.by });
      encode(encoder);
      device.queue.submit([encoder.finish()]);
    };
    placement.commit();
    send((encoder) => copyAll(encoder, placement.before));
    const submit = (step: number) =>
      send((encoder) => {
        const pass = encoder.beginComputePass();
        this.#dispatch(pass, step, groups[step] as GPUBindGroup, null);
        pass.end();
      });
    const { regions } = placement;
    const groups = this.#makeGroups(regions);
    const found = onHost
      .load()
      .then(() => import("./plan-check.ts"))
      .then((m) => m.runStepwise({ device, plan, by: run.by, given: placement.given(), regions, submit }))
      .catch((error: Error) => error);
    const outcome = new Outcome(found, sources);
    for (const x of run.outputs) x.outcome = outcome;
    return found.then((error) => {
      if (error) debug.print(error.message);
      send((encoder) => copyAll(encoder, placement.after));
      this.#finish(placement);
    });
  }

  #encode(by: string, { before, after }: Placement, groups: readonly GPUBindGroup[]): void {
    const { plan } = this;
    const device = this.#device;
    const timer = device.profiler.timer(plan.steps);
    let encoder = device.gpu.createCommandEncoder({ label: by });
    copyAll(encoder, before);
    let pass: GPUComputePassEncoder | null = null;
    let last: GPUComputePipeline | null = null;
    for (let i = 0; i < plan.steps.length; i++) {
      if (pass && (timer || this.#cuts.has(i))) {
        pass.end();
        pass = null;
        last = null;
      }
      if (this.#cuts.has(i)) {
        device.queue.submit([encoder.finish()]);
        encoder = device.gpu.createCommandEncoder({ label: by });
      }
      pass ??= encoder.beginComputePass(timer?.pass(i));
      last = this.#dispatch(pass, i, groups[i] as GPUBindGroup, last);
    }
    pass?.end();
    copyAll(encoder, after);
    timer?.finish(encoder);
    if (plan.steps.length > 0 || before.length > 0) device.queue.submit([encoder.finish()]);
    device.profiler.ran(by, plan.steps, timer);
  }

  #dispatch(
    pass: GPUComputePassEncoder,
    step: number,
    group: GPUBindGroup,
    last: GPUComputePipeline | null,
  ): GPUComputePipeline {
    const { workgroups } = (this.plan.steps[step] as PlanStep).program;
    const pipeline = ((this.#pipelines as Pipeline[])[step] as Pipeline).gpu;
    if (pipeline !== last) pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2]);
    return pipeline;
  }

  /** The bind groups of all dispatches for these buffers, if they have been made before. */
  #findGroups(regions: readonly Region[]): GPUBindGroup[] | null {
    const { steps } = this.plan;
    const found: GPUBindGroup[] = [];
    for (let i = 0; i < steps.length; i++) {
      const group = this.#findGroup(i, regions);
      if (!group) return null;
      found.push(group);
    }
    return found;
  }

  #makeGroups(regions: readonly Region[]): GPUBindGroup[] {
    return this.plan.steps.map((_, i) => this.#findGroup(i, regions) ?? this.#makeGroup(i, regions));
  }

  #findGroup(step: number, regions: readonly Region[]): GPUBindGroup | null {
    const { values } = this.plan.steps[step] as PlanStep;
    for (const entry of this.#groups[step] as CachedGroup[]) {
      let same = true;
      for (let j = 0; same && j < values.length; j++) {
        const now = regions[values[j] as number] as Region;
        const then = entry.regions[j] as Region;
        same = now === then || (now.buffer === then.buffer && now.offset === then.offset);
      }
      if (same) return entry.group;
    }
    return null;
  }

  #makeGroup(step: number, regions: readonly Region[]): GPUBindGroup {
    const { values } = this.plan.steps[step] as PlanStep;
    const bound = values.map((v) => regions[v] as Region);
    const group = this.#device.gpu.createBindGroup({
      layout: ((this.#pipelines as Pipeline[])[step] as Pipeline).layout,
      entries: bound.map(({ buffer, offset }, binding) => {
        const { bytes } = this.plan.values[values[binding] as number] as PlanValue;
        return { binding, resource: { buffer: buffer.gpu, offset, size: bytes } };
      }),
    });
    const cached = this.#groups[step] as CachedGroup[];
    if (cached.length >= GROUPS_KEPT) cached.shift();
    cached.push({ regions: bound, group });
    return group;
  }

  #forgetGroups(): void {
    for (const list of this.#groups) list.length = 0;
  }
}

function copyAll(encoder: GPUCommandEncoder, copies: readonly Copy[]): void {
  for (const { from, to, bytes } of copies)
    encoder.copyBufferToBuffer(from.buffer.gpu, from.offset, to.buffer.gpu, to.offset, bytes);
}

/** The dispatches before which the work so far is long enough to be given to the GPU. */
function cutsOf(plan: Plan, most: Cost): Set<number> {
  const cuts = new Set<number>();
  let sum = 0;
  plan.steps.forEach(({ program: { cost } }, i) => {
    const share = Math.max(cost.flops / most.flops, cost.bytes / most.bytes);
    if (sum > 0 && sum + share > 1) {
      cuts.add(i);
      sum = 0;
    }
    sum += share;
  });
  return cuts;
}
