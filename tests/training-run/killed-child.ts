// A run in a folder, for killed.slow.test.ts, which bundles this and kills it. Arguments: the folder.
import { configureDevice } from "../../mod.ts";
import { folderStore } from "../../training/run/folder-store.ts";
import { nodeGPU } from "../support/host.ts";
import { eventsOf } from "./small.ts";

configureDevice({ gpu: nodeGPU() });
const store = folderStore(process.argv[2] as string);
await eventsOf(
  { epochs: 12, batch: 4, seed: 7, checkpointEvery: 3, monitorEvery: 10, store, resume: true },
  { see: (event) => event.type === "step" && console.log(`step ${event.step}`) },
);
process.exit(); // an open device would hold the process
