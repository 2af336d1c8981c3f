// Drives a headless Chromium over its debugging pipe: serve a folder on localhost, open a page, pass its
// console on, and wait for its result. Node's own modules are enough for that.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { eachLine, HostError, hasPackagedBinaries, hostEnv, unpack, withLibraries } from "./host-env.mjs";

/** @typedef {{ binary: string, libraries?: string, packaged: boolean }} Browser */

/**
 * The browser to use: `MORLET_CHROMIUM`, else the packaged one, else one installed on the machine.
 * @returns {Browser}
 */
export function findBrowser() {
  const wish = process.env.MORLET_CHROMIUM;
  if (wish) {
    if (!existsSync(wish)) throw new HostError(`MORLET_CHROMIUM=${wish}: there is no such file`);
    return { binary: wish, packaged: false };
  }
  if (hasPackagedBinaries) {
    const folder = unpack("chromium", {
      "chromium.br": () => true,
      "swiftshader.tar.br": () => true,
      "al2023.tar.br": () => true,
    });
    return { binary: join(folder, "chromium"), libraries: join(folder, "lib"), packaged: true };
  }
  const installed = installedBrowsers().find((path) => existsSync(path));
  if (installed) return { binary: installed, packaged: false };
  throw new HostError("no Chromium here: install Chrome or Chromium, or set MORLET_CHROMIUM to its path");
}

function installedBrowsers() {
  if (process.platform === "darwin") {
    return ["Google Chrome", "Chromium", "Microsoft Edge"].map(
      (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
    );
  }
  if (process.platform === "win32") {
    const bases = [process.env.PROGRAMFILES, process.env["PROGRAMFILES(X86)"], process.env.LOCALAPPDATA];
    return bases.flatMap((base) =>
      base
        ? [
            join(base, "Google/Chrome/Application/chrome.exe"),
            join(base, "Microsoft/Edge/Application/msedge.exe"),
          ]
        : [],
    );
  }
  return ["chromium", "chromium-browser", "google-chrome"].flatMap((name) =>
    ["/usr/bin", "/usr/local/bin", "/snap/bin"].map((folder) => join(folder, name)),
  );
}

const quietFlags = [
  "--headless=new",
  "--remote-debugging-pipe",
  "--no-first-run",
  "--no-default-browser-check",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-default-apps",
  "--disable-extensions",
  "--disable-quic",
  "--disable-sync",
  "--disable-dev-shm-usage", // /dev/shm is tiny in containers
  "--disable-background-timer-throttling",
  "--disable-renderer-backgrounding",
];

/** @param {"system" | "swiftshader"} adapter */
function gpuFlags(adapter) {
  const flags = ["--enable-unsafe-webgpu"];
  if (process.platform === "linux") flags.push("--enable-features=Vulkan", "--ignore-gpu-blocklist");
  if (adapter === "swiftshader") flags.push("--use-webgpu-adapter=swiftshader");
  return flags;
}

/** How to install what the packaged Chromium may lack, by the start of the library's name. */
const systemLibraries = "libnss3 libnspr4 libexpat1 libfontconfig1 libdbus-1-3 libatk1.0-0 libgbm1";

/**
 * Starts Chromium. `close` ends it and removes its profile.
 */
export async function launchChromium() {
  const browser = findBrowser();
  const { env: hostEnvironment, adapter } = hostEnv();
  const profile = mkdtempSync(join(tmpdir(), "morlet-chromium-"));
  const flags = [...quietFlags, ...gpuFlags(adapter), `--user-data-dir=${profile}`];
  let env = hostEnvironment;
  if (process.getuid?.() === 0) flags.push("--no-sandbox"); // Chromium refuses to sandbox root
  for (;;) {
    const session = await connect(browser.binary, [...flags, "about:blank"], env);
    if ("send" in session) {
      const close = async () => {
        await session.end();
        rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      };
      return { ...pagesOf(session), close, binary: browser.binary };
    }
    const missing = /loading shared libraries: ([^:\s]+)/.exec(session.stderr)?.[1];
    if (missing && browser.libraries && !env.LD_LIBRARY_PATH?.includes(browser.libraries)) {
      env = withLibraries(env, browser.libraries);
    } else if (
      /No usable sandbox|sandbox.*(not permitted|denied)|setuid sandbox/i.test(session.stderr) &&
      !flags.includes("--no-sandbox")
    ) {
      flags.push("--no-sandbox"); // user namespaces are off here, and the pages are our own
    } else {
      rmSync(profile, { recursive: true, force: true });
      throw new HostError(
        missing
          ? `Chromium lacks the system library ${missing}: on Debian or Ubuntu, apt-get install ${systemLibraries}`
          : `Chromium did not start (${browser.binary}): ${session.stderr.trim().split("\n")[0] || "it said nothing"}`,
      );
    }
  }
}

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
async function connect(binary, args, env) {
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

/** @param {Session} session */
function pagesOf({ send, listen, gone }) {
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

const mimeTypes = /** @type {Record<string, string>} */ ({
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".wasm": "application/wasm",
});

/**
 * Serves folders on localhost under a free port; a file of an earlier folder hides one of a later. WebGPU is
 * there on localhost without a certificate.
 * @param {string[]} folders
 */
export async function serve(folders) {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname));
    const name = path.endsWith("/") ? `${path}index.html` : path;
    const file = folders
      .map((folder) => join(folder, name))
      .find((each) => existsSync(each) && statSync(each).isFile());
    response.setHeader("Cache-Control", "no-store");
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    response.setHeader(
      "Content-Type",
      file ? (mimeTypes[extname(name)] ?? "application/octet-stream") : "text/plain",
    );
    response.statusCode = file ? 200 : 404;
    response.end(file ? readFileSync(file) : "there is no such file");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://localhost:${port}/`, close };
}

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
