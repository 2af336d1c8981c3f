import { reason } from "../collection.ts";
import { isScriptHost } from "../host.ts";
import { decodePicture } from "./decode.ts";
import { fitPicture } from "./fit.ts";
import type { Answer, Job } from "./job.ts";
import { type Lane, openLane } from "./lane.ts";

/** Decodes pictures, several at once where the host lets it. */
export interface Pool {
  /** How many it works on at once. */
  readonly width: number;
  run(job: Job): Promise<Answer>;
  close(): void;
}

/** More than the machine's cores would only take memory. */
const MAX_LANES = 8;
/** Pictures for which starting a worker pays. */
const WORTH_A_LANE = 16;

/** A pool for about so many pictures: workers, or for few pictures (or without workers) this thread. */
export async function openPool(pictures: number): Promise<Pool> {
  const wanted = Math.min(await cores(), MAX_LANES, Math.floor(pictures / WORTH_A_LANE));
  const lanes: Lane[] = [];
  while (lanes.length < wanted) {
    const lane = await openLane();
    if (!lane) break;
    lanes.push(lane);
  }
  if (lanes.length === 0) return { width: 1, run: decodeHere, close: () => undefined };
  const idle = [...lanes];
  const waiting: ((lane: Lane) => void)[] = [];
  const run = async (job: Job): Promise<Answer> => {
    const lane = idle.pop() ?? (await new Promise<Lane>((resolve) => waiting.push(resolve)));
    try {
      return await lane.run(job);
    } finally {
      const next = waiting.shift();
      if (next) next(lane);
      else idle.push(lane);
    }
  };
  const close = () => {
    for (const lane of lanes) lane.close();
  };
  // One picture more for each worker is read while it decodes.
  return { width: 2 * lanes.length, run, close };
}

async function decodeHere({ kind, bytes, target }: Job): Promise<Answer> {
  try {
    return { pixels: Uint8Array.from(fitPicture(await decodePicture(kind, bytes), target)) };
  } catch (error) {
    return { problem: reason(error) };
  }
}

async function cores(): Promise<number> {
  if (globalThis.navigator?.hardwareConcurrency) return navigator.hardwareConcurrency;
  if (!isScriptHost()) return 1;
  const specifier = "node:os"; // Node 20 has no navigator
  const { availableParallelism } = (await import(/* @vite-ignore */ specifier)) as typeof import("node:os");
  return availableParallelism();
}
