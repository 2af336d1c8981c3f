import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

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
 * Serves folders on localhost; a file of an earlier folder hides one of a later. WebGPU is there on localhost without a
 * certificate.
 * @param {string[]} folders
 * @param {number} [wanted] port; default: any that is free, which is also taken where the wanted one is in use
 */
export async function serve(folders, wanted = 0) {
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
  const listen = (/** @type {number} */ port) =>
    new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => resolve(undefined));
    });
  await listen(wanted).catch((error) => (wanted === 0 ? Promise.reject(error) : listen(0)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://localhost:${port}/`, close };
}
