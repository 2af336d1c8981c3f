import { defineConfig } from "vitest/config";

const fast = process.env.MORLET_FAST === "1";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    exclude: ["node_modules/**", "dist/**", ...(fast ? ["**/*.slow.test.ts"] : [])],
    // Dawn is a native addon that is not safe in worker threads: one process for each test file.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    globalSetup: ["tests/support/host-check.ts"],
  },
});
