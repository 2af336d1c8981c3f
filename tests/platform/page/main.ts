// The platform suite in a page; tools/test.mjs bundles and opens it, and a person can do the same.
import { runCases } from "../suite.ts";

const log = document.querySelector("#log");
const summary = await runCases("chromium", (line) => {
  console.log(line);
  log?.append(line, "\n");
});
Object.assign(globalThis, { __done: summary });
