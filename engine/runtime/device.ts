import { loadSoftware } from "../../kernels/late.ts";
import { readHostSettings } from "../core/debug.ts";
import { DeviceLostError, NoDeviceError } from "../core/errors.ts";
import { KERNELS, type Profile, type TuningTable } from "../core/profile.ts";
import { BufferPool, type MemoryReport, USAGE } from "./buffers.ts";
import { hostGPU } from "./host.ts";
import { PipelineCache } from "./pipelines.ts";
import { Profiler } from "./profiler.ts";
import { Readback } from "./readback.ts";
import { Shelf } from "./shelf.ts";
import { WorkQueue } from "./work-queue.ts";

export interface DeviceOptions {
  /** The WebGPU entry point; by default that of the host (in Node, the package `webgpu`). */
  gpu?: GPU;
  /** A device of yours to work on; it is not destroyed by `destroy()`. */
  device?: GPUDevice;
  powerPreference?: GPUPowerPreference;
  /** The family of kernels; by default told by the adapter. */
  kernels?: "gpu" | "software";
  /**
   * What was measured on the adapter of this name, such as `keptTuning` of `morlet/tune`. A table of another adapter or
   * of other kernels is not used.
   */
  tuning?: (adapter: string) => TuningTable | null | Promise<TuningTable | null>;
}

interface Keeper {
  relieve(): void;
}

/** A GPU device with its buffers, compiled kernels and queue. */
export class Device {
  readonly gpu: GPUDevice;
  readonly profile: Profile;
  readonly adapter: { vendor: string; architecture: string; description: string };
  readonly buffers: BufferPool;
  readonly shelf: Shelf;
  readonly pipelines: PipelineCache;
  readonly work: WorkQueue;
  readonly readback: Readback;
  readonly profiler: Profiler;
  /** Plans that keep buffers between their runs. */
  readonly #keepers = new Set<WeakRef<Keeper>>();
  readonly #owned: boolean;
  /** What must stay alive as long as the device: Dawn in Node frees the instance with the adapter otherwise. */
  readonly #keepAlive: unknown;
  #failure: Error | null = null;
  #lostError: DeviceLostError | null = null;

  constructor(
    gpu: GPUDevice,
    adapter: Device["adapter"],
    profile: Profile,
    owned: boolean,
    keepAlive: unknown = null,
  ) {
    this.gpu = gpu;
    this.#keepAlive = keepAlive;
    this.adapter = adapter;
    this.profile = profile;
    this.#owned = owned;
    const usage = USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST;
    this.buffers = new BufferPool(gpu, usage, () => this.makeRoom());
    this.shelf = new Shelf(this.buffers);
    this.pipelines = new PipelineCache(gpu, () => this.#lostError);
    this.work = new WorkQueue(this);
    this.readback = new Readback(this);
    this.profiler = new Profiler(gpu, this.buffers);
    // Our own work is checked where it is done; on a device of somebody else, what is left is theirs.
    if (owned) {
      gpu.addEventListener("uncapturederror", (event) => {
        this.#failure ??= new Error(`WebGPU: ${(event as GPUUncapturedErrorEvent).error.message}`);
        event.preventDefault?.();
      });
    }
    this.lost.then(
      (error) => this.#lose(error),
      () => undefined,
    );
  }

  /** The adapter in a few words. */
  get name(): string {
    const { vendor, architecture, description } = this.adapter;
    return description || `${vendor} ${architecture}`.trim() || "unknown adapter";
  }

  get queue(): GPUQueue {
    return this.gpu.queue;
  }

  get isLost(): boolean {
    return this.#lostError !== null;
  }

  /** Resolves with the error once the device has been lost. */
  get lost(): Promise<DeviceLostError> {
    return this.gpu.lost.then((info) => new DeviceLostError(info.reason, info.message));
  }

  /** Bytes in use, kept for reuse, and at most so far. */
  memory(): MemoryReport {
    return this.buffers.report();
  }

  /**
   * Throws if the device is lost, or if WebGPU has reported an error that no call was waiting for: once, to the next
   * who asks.
   */
  check(): void {
    if (this.#lostError) throw this.#lostError;
    const error = this.#failure;
    this.#failure = null;
    if (error) throw error;
  }

  /** Resolves when all work handed over so far is done. */
  async idle(): Promise<void> {
    await this.work.drained();
    if (!this.isLost) await this.queue.onSubmittedWorkDone();
    await this.profiler.flushed();
    this.check();
  }

  /** Notes a plan that keeps buffers, which it is asked to do without if memory is short. */
  addKeeper(keeper: Keeper): void {
    // Now and then those that are gone are forgotten.
    if (this.#keepers.size % 64 === 63)
      for (const each of this.#keepers) if (!each.deref()) this.#keepers.delete(each);
    this.#keepers.add(new WeakRef(keeper));
  }

  /** Gives the driver back all memory that can be done without. */
  async makeRoom(): Promise<void> {
    for (const keeper of this.#keepers) keeper.deref()?.relieve();
    this.buffers.trim();
    this.readback.trim();
    // Memory of destroyed buffers is free when nothing uses them any longer.
    if (!this.isLost) await this.queue.onSubmittedWorkDone().catch(() => undefined);
  }

  destroy(): void {
    void this.#keepAlive;
    this.#lose(new DeviceLostError("destroyed", "destroy() was called"));
    if (this.#owned) this.gpu.destroy();
  }

  [Symbol.dispose](): void {
    this.destroy();
  }

  #lose(error: DeviceLostError): void {
    this.#lostError ??= error;
    this.work.release();
  }
}

const WANTED_FEATURES = ["shader-f16", "timestamp-query", "subgroups"] as const;

/**
 * Opens a device with every feature and limit that the adapter offers and kernels can use.
 *
 * @throws {NoDeviceError} If the host has no WebGPU or no adapter; the message tells what to install.
 * @throws {DeviceLostError} If the device that was passed in is lost.
 */
export async function createDevice(options: DeviceOptions = {}): Promise<Device> {
  readHostSettings();
  if (options.device) {
    const { adapterInfo: info, lost } = options.device;
    const loss = await Promise.race([lost, null]);
    if (loss) throw new DeviceLostError(loss.reason, loss.message);
    return new Device(
      options.device,
      describeAdapter(info),
      await profileOf(options.device, info, options),
      false,
    );
  }
  const { gpu: host, adapter } = await hostGPU(options);
  const requiredFeatures = WANTED_FEATURES.filter((f) => adapter.features.has(f));
  const gpu = await adapter
    .requestDevice({ label: "morlet", requiredFeatures, requiredLimits: wantedLimits(adapter.limits) })
    .catch((cause: unknown) => {
      throw new NoDeviceError("the adapter gives no device; try closing other users of the GPU", { cause });
    });
  return new Device(gpu, describeAdapter(adapter.info), await profileOf(gpu, adapter.info, options), true, [
    host,
    adapter,
  ]);
}

function wantedLimits(offered: GPUSupportedLimits): Record<string, number> {
  const names = ["maxBufferSize", "maxStorageBufferBindingSize", "maxComputeWorkgroupStorageSize"] as const;
  return Object.fromEntries(names.map((name) => [name, offered[name]]));
}

const describeAdapter = (info: GPUAdapterInfo | undefined): Device["adapter"] => ({
  vendor: info?.vendor ?? "",
  architecture: info?.architecture ?? "",
  description: info?.description ?? "",
});

/** Vendor numbers under which wgpu reports Mesa's and SwiftShader's drivers, which run on the CPU. */
const SOFTWARE = /swiftshader|llvmpipe|software|lavapipe|basic render|^6880$|^65541$/i;

async function profileOf(
  device: GPUDevice,
  info: GPUAdapterInfo | undefined,
  { kernels: forced, tuning }: DeviceOptions,
): Promise<Profile> {
  const { limits, features } = device;
  const fallback = (info as { isFallbackAdapter?: boolean } | undefined)?.isFallbackAdapter === true;
  const named = [info?.vendor, info?.architecture, info?.description, info?.device].some(
    (x) => x && SOFTWARE.test(x),
  );
  const { subgroupMinSize, subgroupMaxSize } = (info ?? {}) as Partial<GPUAdapterInfo>;
  const lanes = subgroupMinSize === subgroupMaxSize ? subgroupMaxSize : undefined;
  const kind = forced ?? (fallback || named ? "software" : "gpu");
  const adapter = Object.values(describeAdapter(info)).join(" ").trim();
  const table = await tuning?.(adapter);
  const software = kind === "software";
  if (software) await loadSoftware();
  return {
    adapter,
    kind,
    kernels: KERNELS,
    ...(table?.adapter === adapter && table.kernels === KERNELS && { tuning: table }),
    f16: features.has("shader-f16"),
    quads: software && lanes === 4 && features.has("subgroups"),
    // Eight on every adapter: kernels and their plans are then the same everywhere.
    maxBindings: 8,
    maxBindingBytes: limits.maxStorageBufferBindingSize,
    maxBufferBytes: limits.maxBufferSize,
    maxWorkgroupBytes: limits.maxComputeWorkgroupStorageSize,
    maxWorkgroupSize: limits.maxComputeInvocationsPerWorkgroup,
  };
}
