// A program of its own, for tests: opens a folder as the terminal does and tells what came of it, as JSON.
import { openPool } from "../../data/decode/pool.ts";
import { openImages } from "../../data/open-images.ts";

const { argv } = globalThis.process;
const { width, close } = await openPool(1000);
close();
const { train } = await openImages(argv[2] as string, { size: 16 });
const { data } = train.images;
const { names, skipped } = train;
console.log(JSON.stringify({ lanes: width, names, skipped, bytes: Buffer.from(data).toString("base64") }));
