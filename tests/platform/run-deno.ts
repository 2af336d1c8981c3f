// The platform suite in Deno: deno run -A --unstable-webgpu tests/platform/run-deno.ts
import { runCases } from "./suite.ts";

const { failed } = await runCases("deno", (line) => console.log(line));
// Leaves at once: a device that a case kept open would hold the process.
(globalThis as unknown as { Deno: { exit(code: number): never } }).Deno.exit(failed > 0 ? 1 : 0);
