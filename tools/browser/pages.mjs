import { writeFileSync } from "node:fs";
import { HostError } from "../host/tool.mjs";

/** @typedef {import("./devtools.mjs").Session} Session */

/**
 * What opens pages of a browser.
 * @param {Session} session
 */
export function pagesOf({ send, listen, gone }) {
  /**
   * Opens a page. `evaluate` runs an expression in it, awaits it and returns its value as JSON carries it.
   * @param {string} url
   * @param {{ onLine?: (line: string, type: string) => void, onRequest?: (url: string) => void }} [options] called for
   *   each console message, and for each request that the page or a worker of it makes
   */
  const open = async (url, { onLine = () => {}, onRequest } = {}) => {
    const { targetId } = await send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
    /** @type {(error: Error) => void} */
    let fail = () => {};
    const failed = new Promise((_, reject) => {
      fail = reject;
    });
    failed.catch(() => {}); // it matters only while `evaluate` waits
    const ignore = onRequest ? await watchRequests(sessionId, onRequest) : () => {};
    const stop = listen(({ method, params, sessionId: from }) => {
      if (from !== sessionId) return;
      if (method === "Runtime.consoleAPICalled") onLine(params.args.map(textOf).join(" "), params.type);
      if (method === "Runtime.exceptionThrown") {
        const { exception, text } = params.exceptionDetails;
        const description = exception?.description ?? text;
        onLine(description, "error");
        fail(new HostError(`the page threw: ${description.split("\n")[0]}`));
      }
      if (method === "Inspector.targetCrashed") fail(new HostError("the page crashed"));
    });
    void gone.then((stderr) =>
      fail(new HostError(`Chromium ended unexpectedly: ${stderr.trim().split("\n").at(-1)}`)),
    );
    await send("Runtime.enable", {}, sessionId);
    await send("Inspector.enable", {}, sessionId);
    await send("Page.enable", {}, sessionId);
    const { errorText } = await send("Page.navigate", { url }, sessionId);
    if (errorText) throw new Error(`${url}: ${errorText}`);
    const evaluate = async (/** @type {string} */ expression) => {
      const reply = send(
        "Runtime.evaluate",
        { expression, awaitPromise: true, returnByValue: true },
        sessionId,
      );
      const { result, exceptionDetails } = /** @type {any} */ (await Promise.race([reply, failed]));
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    };
    /**
     * A picture of the page: of its whole length in a window of the given width, or of the window as it is.
     * @param {string} path
     * @param {{ width?: number, scheme?: "light" | "dark" }} [options]
     */
    const screenshot = async (path, { width, scheme } = {}) => {
      if (scheme) {
        const features = [{ name: "prefers-color-scheme", value: scheme }];
        await send("Emulation.setEmulatedMedia", { features }, sessionId);
      }
      const resize = (/** @type {number} */ height) =>
        send(
          "Emulation.setDeviceMetricsOverride",
          { width, height, deviceScaleFactor: 1, mobile: false },
          sessionId,
        );
      if (width) {
        await resize(800);
        await resize(await evaluate("document.documentElement.scrollHeight"));
      }
      const { data } = await send("Page.captureScreenshot", { format: "png" }, sessionId);
      writeFileSync(path, Buffer.from(data, "base64"));
    };
    /** Chooses files of this machine for an input element, as a person would. */
    const setFiles = async (/** @type {string} */ selector, /** @type {string[]} */ files) => {
      const { root } = await send("DOM.getDocument", {}, sessionId);
      const { nodeId } = await send("DOM.querySelector", { nodeId: root.nodeId, selector }, sessionId);
      await send("DOM.setFileInputFiles", { nodeId, files }, sessionId);
    };
    const close = async () => {
      stop();
      ignore();
      await send("Target.closeTarget", { targetId });
    };
    return { evaluate, screenshot, setFiles, close };
  };
  /**
   * Tells the requests of a page and of its workers, which are targets of their own.
   * @param {string} page session
   * @param {(url: string) => void} onRequest
   */
  const watchRequests = async (page, onRequest) => {
    const sessions = new Set([page]);
    const stop = listen(({ method, params, sessionId }) => {
      if (!sessionId || !sessions.has(sessionId)) return;
      if (method === "Network.requestWillBeSent") onRequest(params.request.url);
      if (method !== "Target.attachedToTarget") return;
      sessions.add(params.sessionId);
      void send("Network.enable", {}, params.sessionId)
        .catch(() => {}) // a target without a network of its own
        .then(() => send("Runtime.runIfWaitingForDebugger", {}, params.sessionId));
    });
    await send("Network.enable", {}, page);
    const attach = { autoAttach: true, waitForDebuggerOnStart: true, flatten: true };
    await send("Target.setAutoAttach", attach, page);
    return stop;
  };
  return { open };
}

/**
 * A console argument as the terminal shows it.
 * @param {any} arg a RemoteObject of the DevTools protocol
 * @returns {string}
 */
function textOf({ value, unserializableValue, preview, description, type, subtype }) {
  if (subtype === "null") return "null";
  if (!preview || preview.subtype === "error")
    return String(value ?? unserializableValue ?? description ?? type);
  const isList = preview.subtype === "array" || preview.subtype === "typedarray";
  const parts = preview.properties.map((/** @type {any} */ each) =>
    isList ? each.value : `${each.name}: ${each.value}`,
  );
  if (preview.overflow) parts.push("...");
  return isList ? `[${parts.join(", ")}]` : `{ ${parts.join(", ")} }`;
}
