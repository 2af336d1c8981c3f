// Which Chromium to use.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { HostError } from "../host/tool.mjs";
import { hasPackagedBinaries, unpack } from "../host/unpack.mjs";

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
