/** Changes whenever kernels do, so that what was measured with older ones is not believed. */
export const KERNELS = 6;

/** What `morlet/tune` has measured on an adapter. */
export interface TuningTable {
  /** Vendor, architecture and description. */
  readonly adapter: string;
  readonly kernels: number;
  /** Nanoseconds that a round of a tile of four lanes takes, by its size such as `12x4`. */
  readonly rounds?: Readonly<Record<string, number>>;
  /** The best tile of a contraction of the sizes `batch,m,n,k`. */
  readonly dots?: Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>;
}

/** What the compiler must know of an adapter. Two families of kernels: for GPUs, and for drivers that run on the CPU. */
export interface Profile {
  /** Vendor, architecture and description, by which tables of tiles know the adapter. */
  readonly adapter: string;
  readonly kind: "gpu" | "software";
  readonly f16: boolean;
  /** Whether lanes run in fours that read each other's registers: on some of the drivers that run on the CPU. */
  readonly quads: boolean;
  /** Storage buffers that one kernel may bind. */
  readonly maxBindings: number;
  /** Bytes that one binding may cover. */
  readonly maxBindingBytes: number;
  /** Bytes of one buffer. */
  readonly maxBufferBytes: number;
  readonly maxWorkgroupBytes: number;
  readonly maxWorkgroupSize: number;
  /** `KERNELS`: results of other kernels, and of other tiles, differ in their last bits. */
  readonly kernels: number;
  readonly tuning?: TuningTable;
}

/** What WebGPU guarantees, so a plan made for it runs anywhere. */
export const baseProfile: Profile = {
  adapter: "",
  kind: "gpu",
  f16: false,
  quads: false,
  maxBindings: 8,
  maxBindingBytes: 128 * 1024 * 1024,
  maxBufferBytes: 256 * 1024 * 1024,
  maxWorkgroupBytes: 16384,
  maxWorkgroupSize: 256,
  kernels: KERNELS,
};

export const softwareProfile: Profile = { ...baseProfile, kind: "software" };
