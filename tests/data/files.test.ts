import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { FileReadError, fileReader } from "../../data/files.ts";

const folder = mkdtempSync(join(tmpdir(), "morlet-files-"));
writeFileSync(join(folder, "a b#1.bin"), Uint8Array.of(1, 2, 3));
const server = createServer((request, response) => {
  response.statusCode = request.url === "/pack/a%20b%231.bin" ? 200 : 404;
  response.end(Uint8Array.of(1, 2, 3));
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/pack`;
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

describe.each<[string, URL | string]>([
  ["a path", folder],
  ["a path with a slash", `${folder}/`],
  ["a file URL", pathToFileURL(folder)],
  ["a file URL with a slash, as text", `${pathToFileURL(folder).href}/`],
  ["an address", address],
  ["an address with a slash and a query", new URL(`${address}/?`)],
])("%s", (_, base) => {
  test("gives the bytes of a file", async () => {
    expect(await fileReader(base)("a b#1.bin")).toEqual(Uint8Array.of(1, 2, 3));
  });

  test("says which file is not there", async () => {
    const failure = await fileReader(base)("none.bin").catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(FileReadError);
    expect((failure as FileReadError).file).toContain("none.bin");
    expect((failure as FileReadError).message).toMatch(/ENOENT|HTTP 404/);
  });

  test.each(["../x", "a/../../x", "/etc/hosts", "", "a//b", "a\\..\\b"])(
    "does not leave the folder: %j",
    async (name) => {
      await expect(fileReader(base)(name)).rejects.toThrow("the name must lead into the folder");
    },
  );
});
