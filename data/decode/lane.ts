import { isScriptHost } from "../host.ts";
import type { Answer, Job } from "./job.ts";

/** A worker that decodes one picture at a time. */
export interface Lane {
  /** Answers are problems where the worker fails or takes too long. */
  run(job: Job): Promise<Answer>;
  close(): void;
}

/** Milliseconds after which a picture is given up. */
const TIME_LIMIT = 60_000;

/** What the workers of Node, Deno and browsers have in common. */
interface AnyWorker {
  postMessage(job: Job, transfer: Transferable[]): void;
  listen(onAnswer: (answer: Answer) => void, onFailure: (problem: string) => void): void;
  terminate(): unknown;
}

/** Null where this host cannot start workers from here, as with bare TypeScript in Node. */
export async function openLane(): Promise<Lane | null> {
  const start = await starter();
  if (!start) return null;
  let worker: AnyWorker | null = null;
  let finish: ((answer: Answer) => void) | null = null;
  const stop = () => {
    worker?.terminate();
    worker = null;
  };
  const fresh = (): AnyWorker => {
    const made = start();
    made.listen(
      (answer) => finish?.(answer),
      (problem) => {
        if (worker !== made) return; // it was stopped
        stop();
        finish?.({ problem });
      },
    );
    return made;
  };
  let closed = false;
  const run = async (job: Job): Promise<Answer> => {
    if (closed) return { problem: "the decoder was closed" };
    worker ??= fresh();
    const running = worker;
    return await new Promise((resolve) => {
      const timer = setTimeout(() => {
        stop();
        finish?.({ problem: `the image could not be decoded within ${TIME_LIMIT / 1000} seconds` });
      }, TIME_LIMIT);
      finish = (answer) => {
        clearTimeout(timer);
        finish = null;
        resolve(answer);
      };
      const { bytes } = job;
      // A part of a larger buffer cannot go without the rest of it.
      const own = bytes.length === bytes.buffer.byteLength ? bytes : bytes.slice();
      running.postMessage({ ...job, bytes: own }, [own.buffer]);
    });
  };
  const close = () => {
    closed = true;
    stop();
    finish?.({ problem: "the decoder was closed" });
  };
  return { run, close };
}

async function starter(): Promise<(() => AnyWorker) | null> {
  const isDeno = "Deno" in globalThis;
  // Large, and of no use before there are pictures.
  const { workerSource } = isScriptHost()
    ? await import("./script-worker-source.ts")
    : await import("./worker-source.ts");
  if (isScriptHost() && !isDeno) {
    if (workerSource === null) return null;
    const specifier = "node:worker_threads";
    const node = (await import(/* @vite-ignore */ specifier)) as typeof import("node:worker_threads");
    const address = new URL(`data:text/javascript,${encodeURIComponent(workerSource)}`);
    return () => nodeWorker(new node.Worker(address));
  }
  if (typeof Worker !== "function") return null;
  if (workerSource === null) {
    return isDeno
      ? () => webWorker(new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }))
      : null;
  }
  const text = workerSource;
  return () => {
    const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    return webWorker(new Worker(address, { type: "module" }));
  };
}

function nodeWorker(worker: import("node:worker_threads").Worker): AnyWorker {
  return {
    postMessage: (job, transfer) => worker.postMessage(job, transfer as ArrayBuffer[]),
    listen: (onAnswer, onFailure) => {
      worker.on("message", onAnswer);
      worker.on("error", (error) => onFailure(`the decoder failed: ${error.message}`));
      worker.on("exit", () => onFailure("the decoder ended"));
    },
    terminate: () => worker.terminate(),
  };
}

function webWorker(worker: Worker): AnyWorker {
  return {
    postMessage: (job, transfer) => worker.postMessage(job, transfer),
    listen: (onAnswer, onFailure) => {
      worker.onmessage = ({ data }: MessageEvent<Answer>) => onAnswer(data);
      worker.onerror = (event) => {
        event.preventDefault(); // else Deno ends the program
        onFailure(`the decoder failed: ${event.message}`);
      };
    },
    terminate: () => worker.terminate(),
  };
}
