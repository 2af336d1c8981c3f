// The decoder of a worker, on every host: pictures in, bytes of the wanted form out.
import { reason } from "../collection.ts";
import { decodePicture } from "./decode.ts";
import { fitPicture } from "./fit.ts";
import type { Answer, Job } from "./job.ts";

interface Port {
  onmessage: ((event: { data: Job }) => void) | null;
  postMessage(message: Answer, transfer: Transferable[]): void;
}

/** Workers of Node have a port; those of Deno and browsers are one. */
async function ownPort(): Promise<Port> {
  if ("Deno" in globalThis || typeof globalThis.process?.versions?.node !== "string") {
    return globalThis as unknown as Port;
  }
  const specifier = "node:worker_threads";
  const { parentPort } = (await import(/* @vite-ignore */ specifier)) as typeof import("node:worker_threads");
  const port = parentPort as NonNullable<typeof parentPort>;
  const own: Port = {
    onmessage: null,
    postMessage: (message, transfer) => port.postMessage(message, transfer as ArrayBuffer[]),
  };
  port.on("message", (data: Job) => own.onmessage?.({ data }));
  return own;
}

async function answer({ kind, bytes, target }: Job): Promise<Answer> {
  try {
    // A copy, for what is cut out of nothing may share memory with the picture.
    return { pixels: fitPicture(await decodePicture(kind, bytes), target).slice() };
  } catch (error) {
    return { problem: reason(error) };
  }
}

const port = await ownPort();
port.onmessage = ({ data }) => {
  void answer(data).then((result) => {
    port.postMessage(result, "pixels" in result ? [result.pixels.buffer] : []);
  });
};
