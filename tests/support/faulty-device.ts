// A device that does what it is told to, for errors that no adapter gives when asked.

export interface Faults {
  /** Whether the driver has no memory for a buffer of so many bytes; asked for each buffer that is created. */
  refuses?: (bytes: number, label: string) => boolean;
  /** Bytes that the driver has for buffers. */
  memory?: number;
  /** Limits that are lower than the device's own. */
  limits?: Partial<Record<keyof GPUSupportedLimits, number>>;
  /** Features that the device hides. */
  hidden?: readonly string[];
}

/** The device with faults, to be passed to `createDevice({ device })`. `faults` may change as the test goes on. */
export function faultyDevice(device: GPUDevice, faults: Faults): GPUDevice {
  // The scopes that are open, each with whether it has caught a refusal.
  const scopes: { filter: GPUErrorFilter; refused: boolean }[] = [];
  // Bytes of the buffers that are there, and those that are not any more.
  let taken = 0;
  const gone = new WeakSet<GPUBuffer>();
  const replaced: Record<string, unknown> = {
    pushErrorScope: (filter: GPUErrorFilter) => {
      scopes.push({ filter, refused: false });
      device.pushErrorScope(filter);
    },
    popErrorScope: async () => {
      const scope = scopes.pop();
      const error = await device.popErrorScope();
      return scope?.refused ? { message: "refused by the test" } : error;
    },
    createBuffer: (descriptor: GPUBufferDescriptor) => {
      const full = taken + descriptor.size > (faults.memory ?? Number.POSITIVE_INFINITY);
      if (full || faults.refuses?.(descriptor.size, descriptor.label ?? "")) {
        const scope = scopes.findLast((s) => s.filter === "out-of-memory");
        if (scope) scope.refused = true;
        // As of a refused buffer: using it is a validation error.
        const nothing = device.createBuffer({ ...descriptor, size: 256 });
        nothing.destroy();
        return nothing;
      }
      const buffer = device.createBuffer(descriptor);
      taken += descriptor.size;
      const { destroy } = buffer;
      buffer.destroy = () => {
        if (!gone.has(buffer)) taken -= descriptor.size;
        gone.add(buffer);
        destroy.call(buffer);
      };
      return buffer;
    },
  };
  return new Proxy(device, {
    get(target, key) {
      if (key === "limits") return { ...copyOf(target.limits), ...faults.limits };
      if (key === "features") return new Set([...target.features].filter((f) => !faults.hidden?.includes(f)));
      const value = replaced[key as string] ?? Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function copyOf(limits: GPUSupportedLimits): Record<string, number> {
  const copy: Record<string, number> = {};
  for (const name in limits) copy[name] = limits[name as "maxBufferSize"];
  return copy;
}
