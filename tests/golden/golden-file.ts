// Golden numbers: the small files lie beside the tests, the others in `shared/golden`, which a checkout may lack.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type TestContext, test } from "vitest";
import { toFloat32 } from "../../engine/io/half.ts";
import type { HostArray } from "../../engine/io/host-array.ts";
import type { SafetensorsFile } from "../../engine/io/safetensors-format.ts";
import { readSafetensors } from "../../engine/io/safetensors-read.ts";
import { type Tensor, tensor } from "../../mod.ts";
import { sharedPath } from "../support/shared.ts";

const here = dirname(fileURLToPath(import.meta.url));

/** A golden file by its name without ending (`dino/ema`), or undefined where it is absent. */
export function readGolden(name: string): SafetensorsFile | undefined {
  const own = join(here, "files", `${name}.safetensors`);
  const path = existsSync(own) ? own : sharedPath("golden", `${name}.safetensors`);
  return path === undefined ? undefined : readSafetensors(new Uint8Array(readFileSync(path)));
}

declare module "vitest" {
  interface TaskMeta {
    /** What a test has read of a golden file. It stands in the report of a run, where `tools/golden.mjs` looks. */
    golden?: { readonly file: string; readonly read: readonly string[] };
  }
}

/** One test on a golden file, skipped where the file is absent. `patience` is in seconds, for slow ones. */
export function goldenTest(
  name: string,
  title: string,
  body: (file: Golden) => Promise<void>,
  patience?: number,
): void {
  const file = readGolden(name);
  if (!file) {
    test.skip(`${title} (needs shared/golden/${name}, which is not here)`, () => {});
    return;
  }
  const read = async ({ task }: TestContext) => {
    const golden = new Golden(file);
    try {
      await body(golden);
    } finally {
      task.meta.golden = { file: name, read: [...golden.read] };
    }
  };
  test(title, read, patience && patience * 1000);
}

/** The contents of a golden file as numbers and as tensors. */
export class Golden {
  readonly names: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  /** The tensors that were asked for so far. */
  readonly read = new Set<string>();
  private readonly tensors: Readonly<Record<string, HostArray>>;

  constructor({ tensors, metadata }: SafetensorsFile) {
    this.tensors = tensors;
    this.metadata = metadata;
    this.names = Object.keys(tensors);
  }

  array(name: string): HostArray {
    const found = this.tensors[name];
    if (!found) throw new Error(`no tensor "${name}"; there are ${this.names.join(", ")}`);
    this.read.add(name);
    return found;
  }

  /** The values as float64, so that comparisons do not round. */
  values(name: string): Float64Array {
    const array = this.array(name);
    if (array.dtype === "f64") return array.data as Float64Array;
    if (array.dtype === "i64") return Float64Array.from(array.data as BigInt64Array, Number);
    return Float64Array.from(toFloat32(array));
  }

  /** f32, or i32 where the file holds integers. */
  tensor(name: string): Tensor {
    const { dtype, shape } = this.array(name);
    const integer = dtype === "i32" || dtype === "i64";
    return tensor(this.values(name), { shape, dtype: integer ? "i32" : "f32" });
  }

  /** The tensors whose names start with `prefix`, named by the rest. */
  record(prefix: string): Record<string, Tensor> {
    const names = this.names.filter((name) => name.startsWith(prefix));
    return Object.fromEntries(names.map((name) => [name.slice(prefix.length), this.tensor(name)]));
  }
}
