// What the adapter manages at best, to hold kernels against: a copy of a large buffer, and multiply-adds in registers.

export interface Peaks {
  readonly "GFLOP/s": number;
  readonly "GB/s": number;
}

const ROUNDS = 5;

interface Work {
  /** Floats that are copied. */
  readonly words: number;
  readonly threads: number;
  /** Rounds of multiply-adds of a thread. */
  readonly loops: number;
  /** In one submit. */
  readonly dispatches: number;
}

const LITTLE: Work = { words: 1 << 22, threads: 1 << 12, loops: 1024, dispatches: 1 };
const MUCH: Work = { words: 1 << 24, threads: 1 << 18, loops: 512, dispatches: 16 };

/** Milliseconds under which waiting for it is a part of the time of the little work: on a GPU. */
const SHORT = 4;

/** By little work, or where that is over too soon to be timed, by much. The adapter's name does not matter. */
export async function measurePeaks(device: GPUDevice): Promise<Peaks> {
  const { computedMs, peaks } = await measure(device, LITTLE);
  return computedMs < SHORT ? (await measure(device, MUCH)).peaks : peaks;
}

async function measure(device: GPUDevice, { words, threads, loops, dispatches }: Work) {
  const copiedMs = await time(device, copyKernel, words / 4 / 64, 4 * words, dispatches);
  const computedMs = await time(device, multiplyAddKernel(loops), threads / 64, 16 * threads, dispatches);
  return {
    computedMs,
    peaks: {
      "GB/s": (2 * 4 * words) / copiedMs / 1e6,
      // Eight vectors of four, a multiplication and an addition each.
      "GFLOP/s": (threads * loops * 8 * 4 * 2) / computedMs / 1e6,
    },
  };
}

const bindings = `
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;`;

const copyKernel = `${bindings}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * count.x + group.x) * 64u + lane;
  y[i] = x[i];
}`;

const multiplyAddKernel = (loops: number): string => {
  const each = (f: (i: number) => string) => Array.from({ length: 8 }, (_, i) => f(i)).join("\n");
  return `${bindings}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * count.x + group.x) * 64u + lane;
  let a = x[i];
${each((k) => `  var s${k} = a + ${k}.0;`)}
  for (var l = 0u; l < ${loops}u; l++) {
${each((k) => `    s${k} = fma(s${k}, a, a);`)}
  }
  y[i] = s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7;
}`;
};

/** Milliseconds of one dispatch of several, the best of a few rounds. */
async function time(
  device: GPUDevice,
  code: string,
  groups: number,
  bytes: number,
  dispatches: number,
): Promise<number> {
  const usage = 128;
  const buffers = [0, 1].map(() => device.createBuffer({ size: bytes, usage }));
  const pipeline = await device.createComputePipelineAsync({
    layout: "auto",
    compute: { module: device.createShaderModule({ code }), entryPoint: "main" },
  });
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const rows = Math.ceil(groups / 65535);
  let best = Number.POSITIVE_INFINITY;
  for (let r = 0; r <= ROUNDS; r++) {
    await device.queue.onSubmittedWorkDone();
    const start = performance.now();
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    for (let i = 0; i < dispatches; i++) pass.dispatchWorkgroups(groups / rows, rows);
    pass.end();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    if (r > 0) best = Math.min(best, (performance.now() - start) / dispatches);
  }
  for (const buffer of buffers) buffer.destroy();
  return best;
}
