/** Whether this is Node or Deno, which have a file system; else it is a page or a worker of a browser. */
export function isScriptHost(): boolean {
  return "Deno" in globalThis || typeof globalThis.process?.versions?.node === "string";
}
