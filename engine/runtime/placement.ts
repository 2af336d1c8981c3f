import type { Plan, PlanBlock } from "../ir/plan.ts";
import { Block } from "./block.ts";
import type { Copy, Region } from "./buffers.ts";
import type { Device } from "./device.ts";
import { PLACE_BYTES } from "./shelf.ts";
import type { Storage } from "./storage.ts";

/** What one run of a plan works on. `owned` tells which inputs it may overwrite as they are; of others it takes copies. */
export interface Run {
  readonly inputs: Storage[];
  readonly outputs: readonly Storage[];
  /** What the run is called in errors and labels. */
  readonly by: string;
  readonly owned: (input: number) => boolean;
}

/** Buffers that a plan may keep from one run to the next. */
export interface KeptBuffers {
  readonly pools: readonly Block[];
  /** By value: where in the pools it lies, if it does. */
  readonly pooled: readonly (Region | null)[];
  /** By value: where kernels write small results, which are then put on the shelf. */
  readonly landings: ReadonlyMap<number, Block>;
}

/** The buffer of a block, and whether the values that it replaces lie in it already. */
interface ChosenBlock {
  readonly block: Block;
  readonly ready: boolean;
}

/**
 * Finds a place for every value of a run. `reserve` asks for memory and changes nothing that a failure would have to
 * undo; once it has been granted, `commit` lets the results take over the buffers of what they replace.
 */
export class Placement {
  /** Copies before the first and after the last kernel. */
  readonly before: Copy[] = [];
  readonly after: Copy[] = [];
  /** Where each value of the plan lies. */
  regions: Region[] = [];

  readonly #device: Device;
  readonly #plan: Plan;
  readonly #run: Run;
  readonly #kept: KeptBuffers;
  readonly #blocks: ChosenBlock[] = [];
  /** New buffers of outputs, by output. */
  readonly #homes = new Map<number, Block>();

  constructor(device: Device, plan: Plan, run: Run, kept: KeptBuffers) {
    this.#device = device;
    this.#plan = plan;
    this.#run = run;
    this.#kept = kept;
  }

  /** Results of a plan that are small enough for the shelf. */
  static smallResults(plan: Plan): Set<number> {
    const results = plan.outputs.flatMap((o) => (o.kind === "value" && o.value >= 0 ? [o.value] : []));
    return new Set(results.filter((value) => (plan.values[value]?.bytes ?? 0) <= PLACE_BYTES));
  }

  reserve(): void {
    const device = this.#device;
    const plan = this.#plan;
    const run = this.#run;
    const { inputs } = run;
    plan.inputs.forEach((value, i) => {
      if (value !== null) this.#reserveInput(i);
    });
    for (const copy of plan.copies) this.#reserveInput(copy.input);
    for (const block of plan.blocks) {
      const found = this.#blockInPlace(block);
      if (found) this.#blocks.push({ block: found.retain(), ready: true });
      else {
        for (const { input } of block.segments) if (input !== null) this.#reserveInput(input);
        this.#blocks.push({ block: Block.allocate(device, block.bytes, run.by), ready: false });
      }
    }
    const seen = new Set<number>();
    const updated = new Set<number>();
    plan.outputs.forEach((output, i) => {
      if (output.kind === "value" && output.value >= 0 && !seen.has(output.value)) {
        seen.add(output.value);
        const value = plan.values[output.value] as Plan["values"][number];
        const small = this.#kept.landings.has(output.value);
        this.#homes.set(i, small ? Block.shelve(device) : this.#allocate(value.bytes, value.op));
      } else if (output.kind === "input" && output.updated && !updated.has(output.index)) {
        updated.add(output.index);
        this.#reserveInput(output.index);
        const input = inputs[output.index] as Storage;
        if (!run.owned(output.index) || !input.isAlone) this.#homes.set(i, this.#allocate(input.bytes));
      }
    });
  }

  #allocate(bytes: number, what = this.#run.by): Block {
    return Block.allocate(this.#device, bytes, what);
  }

  #reserveInput(i: number): void {
    const { inputs, by } = this.#run;
    const input = (inputs[i] as Storage).on(this.#device, by);
    inputs[i] = input;
    input.reserve(this.#device);
  }

  /** The block that all the values which are to be replaced lie in already, each at its place and nobody else's there. */
  #blockInPlace({ segments }: PlanBlock): Block | null {
    const { inputs, owned } = this.#run;
    const first = segments[0]?.input ?? null;
    const seat = first === null ? null : (inputs[first] as Storage).seat;
    if (!seat || seat.block.shares !== segments.length) return null;
    const here = segments.every(({ input, offset }) => {
      if (input === null || !owned(input)) return false;
      const mine = (inputs[input] as Storage).seat;
      return mine?.block === seat.block && mine.offset === offset;
    });
    return here ? seat.block : null;
  }

  /** Gives back what `reserve` took. */
  cancel(): void {
    for (const x of this.#run.inputs) x.unreserve();
    for (const { block } of this.#blocks) block.release();
    for (const block of this.#homes.values()) block.release();
  }

  commit(): void {
    const { before } = this;
    const plan = this.#plan;
    const run = this.#run;
    for (const x of run.inputs) x.fill(before);
    for (const { input, pool, offset, bytes } of plan.copies) {
      const { buffer } = this.#kept.pools[pool] as Block;
      before.push({ from: (run.inputs[input] as Storage).region, to: { buffer, offset }, bytes });
    }
    plan.blocks.forEach((block, i) => {
      this.#commitBlock(block, i);
    });
    const updated = this.#commitOutputs();
    this.regions = plan.values.map(({ place }, value) => {
      if (place.kind === "pool") return this.#kept.pooled[value] as Region;
      if (place.kind === "block")
        return { buffer: (this.#blocks[place.block] as ChosenBlock).block.buffer, offset: place.offset };
      if (place.kind === "input") {
        return (updated.get(place.index) ?? (run.inputs[place.index] as Storage)).region;
      }
      return this.#kept.landings.get(value)?.held ?? (run.outputs[place.index] as Storage).region;
    });
  }

  /** Where each input lies before the first kernel; null for those that no kernel reads. */
  given(): (Region | null)[] {
    const { regions } = this;
    const plan = this.#plan;
    return plan.inputs.map((value, i) => {
      if (value !== null) return regions[value] as Region;
      const copy = plan.copies.find((c) => c.input === i);
      if (copy) return { buffer: (this.#kept.pools[copy.pool] as Block).buffer, offset: copy.offset };
      for (const [b, { segments }] of plan.blocks.entries()) {
        const segment = segments.find((x) => x.input === i);
        const { block } = this.#blocks[b] as ChosenBlock;
        if (segment) return { buffer: block.buffer, offset: segment.offset };
      }
      return null;
    });
  }

  /** Lets go of blocks that nobody else holds; the commands that use them have been given to the queue. */
  release(): void {
    for (const { block } of this.#blocks) block.release();
  }

  #commitBlock(plan: PlanBlock, i: number): void {
    const { inputs, outputs, owned, by } = this.#run;
    const { block, ready } = this.#blocks[i] as ChosenBlock;
    for (const { input, output, offset, bytes } of plan.segments) {
      if (input !== null && !ready) {
        const from = (inputs[input] as Storage).region;
        this.before.push({ from, to: { buffer: block.buffer, offset }, bytes });
      }
      if (output !== null) (outputs[output] as Storage).occupy(block, offset);
      if (input !== null && owned(input)) (inputs[input] as Storage).markReplaced(by);
    }
  }

  /** Returns who holds the new values of the inputs that are updated where they lie. */
  #commitOutputs(): Map<number, Storage> {
    const { before, after } = this;
    const plan = this.#plan;
    const run = this.#run;
    const homes = this.#homes;
    const updated = new Map<number, Storage>();
    const made = new Map<number, Storage>();
    plan.outputs.forEach((output, i) => {
      const mine = run.outputs[i] as Storage;
      const home = homes.get(i);
      if (output.kind === "block") {
        // Two results of one value share what the first was given.
        if (!mine.seat) mine.alias(run.outputs[this.#firstInBlock(output)] as Storage);
      } else if (output.kind === "value") {
        if (output.value < 0) return;
        if (home) this.#settle(mine, home);
        else mine.alias(made.get(output.value) as Storage);
        if (!made.has(output.value)) made.set(output.value, mine);
        const landing = this.#kept.landings.get(output.value);
        if (home && landing) after.push({ from: landing.held, to: home.held, bytes: mine.bytes });
      } else {
        const input = run.inputs[output.index] as Storage;
        // Equal results of which one has replaced an input share its buffer.
        const first = updated.get(output.index);
        if (first || !output.updated) {
          mine.alias(first ?? input);
          return;
        }
        updated.set(output.index, mine);
        if (home) {
          before.push({ from: input.region, to: home.held, bytes: input.bytes });
          this.#settle(mine, home);
        } else mine.takeFrom(input, run.by);
      }
    });
    return updated;
  }

  /** Hands a new block over to its storage. */
  #settle(storage: Storage, block: Block): void {
    storage.occupy(block, 0);
    block.release();
  }

  #firstInBlock({ block, offset }: { block: number; offset: number }): number {
    return this.#plan.outputs.findIndex(
      (o) => o.kind === "block" && o.block === block && o.offset === offset,
    );
  }
}
