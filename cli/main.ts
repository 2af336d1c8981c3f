#!/usr/bin/env node
// The terminal front end, the same file in Node and Deno.
import process from "node:process";
import { fileReader } from "../data/files.ts";
import about from "../package.json" with { type: "json" };
import { runCommand } from "./commands.ts";

const root = process.env.MORLET_ROOT;

// Whoever reads the words may have enough of them, as `head` has.
process.stdout.on("error", (error: { code?: string }) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await runCommand(process.argv.slice(2), {
  out: {
    isTTY: process.stdout.isTTY === true,
    columns: process.stdout.columns,
    write: (text) => void process.stdout.write(text),
  },
  complain: (text) => console.error(text),
  version: about.version,
  program: root ? "npm start --" : "morlet",
  emoji: fileReader(root ? `${root}/data/emoji` : new URL("../data/emoji/", import.meta.url)),
  onInterrupt(listener) {
    // As shells count: 128 and the signal's number.
    const signals = { SIGINT: 130, SIGTERM: 143 };
    const listeners = Object.entries(signals).map(([name, code]) => [name, () => listener(code)] as const);
    for (const [name, each] of listeners) process.on(name, each);
    return () => {
      for (const [name, each] of listeners) process.off(name, each);
    };
  },
  // By the signal itself, which shells tell as 128 and its number: an orderly exit would take down the driver while it
  // still compiles, and that may crash.
  leave(code) {
    const signal = code === 143 ? "SIGTERM" : "SIGINT";
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  },
});
// Leaves at once: an open device would hold the process.
process.exit();
