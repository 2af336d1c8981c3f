// In Node, Dawn looks for the end of work in every turn of the event loop, and turns follow each other without a pause: a
// core is busy with nothing, which a driver on the CPU then lacks. A rest in each turn gives it back.

/** What is waited for. */
const METHODS = [
  ["GPUBuffer", "mapAsync"],
  ["GPUQueue", "onSubmittedWorkDone"],
  ["GPUDevice", "createComputePipelineAsync"],
] as const;

type Method = (...args: unknown[]) => Promise<unknown>;

/** Milliseconds of a rest at most, and how much it is of the time that was waited so far. */
const LONGEST = 1;
const SHARE = 1 / 8;

/** A turn of the event loop that took more milliseconds had something else to do. */
const EMPTY_TURN = 0.2;

const cell = new Int32Array(new SharedArrayBuffer(4));
const resting = new WeakSet<Method>();
let waiting = 0;
let turning = false;
let since = 0;
let ended = 0;

/**
 * Has Node rest while it waits for the GPU and has nothing else to do: in each turn for an eighth of the time that it has
 * waited, a millisecond at most, so that the end of short work is noticed at once.
 *
 * @param interfaces The `globals` of the package `webgpu`. Giving them twice does no more than giving them once.
 */
export function restWhileWaiting(interfaces: object): void {
  for (const [name, method] of METHODS) {
    const { prototype } = (interfaces as Record<string, { prototype: Record<string, Method> }>)[name] ?? {};
    const plain = prototype?.[method];
    if (!prototype || !plain || resting.has(plain)) continue;
    const rested: Method = function (this: unknown, ...args) {
      const work = plain.apply(this, args);
      wait(work);
      return work;
    };
    resting.add(rested);
    prototype[method] = rested;
  }
}

function wait(work: Promise<unknown>): void {
  const done = () => void waiting--;
  work.then(done, done);
  waiting++;
  since = ended = performance.now();
  if (!turning) setImmediate(turn);
  turning = true;
}

function turn(): void {
  turning = waiting > 0;
  if (!turning) return;
  const now = performance.now();
  if (now - ended > EMPTY_TURN) since = now;
  const pause = Math.min((now - since) * SHARE, LONGEST);
  if (pause > 0) Atomics.wait(cell, 0, 0, pause);
  ended = performance.now();
  setImmediate(turn);
}
