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
