// Chromium's debugging pipe: Node's own modules are enough for it.
import { spawn } from "node:child_process";
import { eachLine } from "../host/run.mjs";
import { HostError } from "../host/tool.mjs";

/**
 * @typedef {object} Session
 * @property {(method: string, params?: object, sessionId?: string) => Promise<any>} send
 * @property {(listener: (event: Event) => void) => () => void} listen returns what ends the listening
 * @property {Promise<string>} gone settles with the last of standard error when the browser ends
 * @property {() => Promise<void>} end
 */
/** @typedef {{ method: string, params: any, sessionId?: string }} Event a message of the DevTools protocol */

/**
 * Starts the browser and speaks the DevTools protocol over the pipes 3 and 4: JSON messages that end in a zero byte.
 * @param {string} binary
 * @param {string[]} args
 * @param {Record<string, string | undefined>} env
 * @returns {Promise<Session | { stderr: string }>}
 */
export async function connect(binary, args, env) {
  // In a group of its own: Ctrl-C in the terminal must reach the browser through us, after the page's report.
  const child = spawn(binary, args, {
    env,
    stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
    detached: process.platform !== "win32",
  });
  let stderr = "";
  child.stderr?.on("data", (chunk) => {
    stderr = (stderr + chunk).slice(-4000);
  });
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void }>} */
  const waiting = new Map();
  /** @type {Set<(event: Event) => void>} */
  const listeners = new Set();
  const gone = new Promise((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", () => resolve(stderr));
  });
  void gone.then(() => {
    for (const { reject } of waiting.values()) reject(new HostError("Chromium ended unexpectedly"));
  });
  const output = /** @type {import("node:stream").Readable} */ (child.stdio[4]);
  const input = /** @type {import("node:stream").Writable} */ (child.stdio[3]);
  input.on("error", () => {}); // the pipe breaks when the browser ends; `gone` tells
  output.on("error", () => {});
  eachLine(
    output,
    (text) => {
      const message = JSON.parse(text);
      if (message.id === undefined) {
        for (const listener of listeners) listener(message);
        return;
      }
      const call = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.error) call?.reject(new Error(`Chromium: ${message.error.message}`));
      else call?.resolve(message.result);
    },
    "\0",
  );
  let id = 0;
  /** @type {Session["send"]} */
  const send = (method, params = {}, sessionId) =>
    new Promise((resolve, reject) => {
      waiting.set(++id, { resolve, reject });
      input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  const kill = () => {
    try {
      if (child.pid) process.kill(process.platform === "win32" ? child.pid : -child.pid, "SIGKILL");
    } catch {} // it has ended by itself
  };
  process.once("exit", kill);
  const started = await Promise.race([
    send("Browser.getVersion").then(
      () => true,
      () => false,
    ),
    gone.then(() => false),
  ]);
  if (!started) {
    process.off("exit", kill);
    return { stderr: await gone };
  }
  return {
    send,
    gone,
    listen: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    end: async () => {
      process.off("exit", kill);
      const timer = setTimeout(kill, 3000);
      await send("Browser.close").catch(() => {});
      await gone;
      clearTimeout(timer);
    },
  };
}
