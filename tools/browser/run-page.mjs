import { HostError } from "../host/tool.mjs";
import { launchChromium } from "./launch.mjs";
import { serve } from "./serve.mjs";

/**
 * Opens a page of the given folders in a fresh Chromium and waits until it sets `globalThis.__done`. A signal
 * calls the page's `globalThis.__stop`, so that it can end in order, or ends a page without one at once.
 * @param {string[]} folders
 * @param {{ path?: string, onLine?: (line: string, type: string) => void, signal?: AbortSignal }} [options]
 * @returns {Promise<any>} what the page set, as JSON carries it
 */
export async function runPage(folders, { path = "", onLine, signal } = {}) {
  const server = await serve(folders);
  try {
    const browser = await launchChromium();
    try {
      const page = await browser.open(server.url + path, { onLine });
      const done = page.evaluate(`new Promise((resolve) => {
        const timer = setInterval(() => {
          if (globalThis.__done === undefined) return;
          clearInterval(timer);
          resolve(globalThis.__done);
        }, 20);
      })`);
      const aborted = new Promise((_, reject) => {
        const stop = async () => {
          if (!(await page.evaluate("globalThis.__stop !== undefined && (__stop(), true)"))) {
            reject(new HostError("stopped"));
          }
        };
        signal?.addEventListener("abort", () => void stop().catch(reject), { once: true });
      });
      return await Promise.race([done, aborted]);
    } finally {
      await browser.close();
    }
  } finally {
    server.close();
  }
}
