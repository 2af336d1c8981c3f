// The cases of every host, here with the kernels of GPUs; the platform tests run them with those that the adapter gets.
import { test } from "vitest";
import { useDevice } from "../support/device.ts";
import { cases } from "./cases.ts";

useDevice({ kernels: "gpu" });

for (const { name, run } of cases) test(name, run, 60_000);
