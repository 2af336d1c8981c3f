import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostEnv, withLibraries } from "../host/adapter.mjs";
import { HostError } from "../host/tool.mjs";
import { connect } from "./devtools.mjs";
import { findBrowser } from "./find.mjs";
import { pagesOf } from "./pages.mjs";

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
