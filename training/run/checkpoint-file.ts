import { FileFormatError, readSafetensors, writeSafetensors } from "../../io.ts";
import { tensor } from "../../mod.ts";
import type { HostState } from "./host-state.ts";
import type { LedgerState } from "./ledger.ts";
import type { RunRecord } from "./run-plan.ts";

/** Everything that a run needs to go on. */
export interface Checkpoint {
  /** Steps done. */
  readonly step: number;
  readonly state: HostState;
  readonly ledger: LedgerState;
}

const FORMAT = "morlet-checkpoint";
const VERSION = "1";

/**
 * A checkpoint as one safetensors file: the tensors of the training state by their paths, and in the metadata how far
 * the run is, what run it is, and a checksum over all of it.
 */
export function writeCheckpoint(
  { step, state, ledger }: Checkpoint,
  run: RunRecord,
): Promise<Uint8Array<ArrayBuffer>> {
  const tensors = Object.fromEntries(
    [...state].map(([path, { data, shape, dtype }]) => [
      path,
      tensor(data as Float32Array, { shape: [...shape], dtype }),
    ]),
  );
  const progress = JSON.stringify({ step, ledger });
  const record = JSON.stringify(run);
  const checksum = checksumOf(state, progress + record);
  return writeSafetensors(tensors, { format: FORMAT, version: VERSION, progress, run: record, checksum });
}

/**
 * @throws {FileFormatError} If the file is damaged or is no checkpoint.
 */
export async function readCheckpoint(bytes: Uint8Array): Promise<{ checkpoint: Checkpoint; run: RunRecord }> {
  const { tensors, metadata } = readSafetensors(bytes);
  const { format, version, progress = "", run = "", checksum } = metadata;
  if (format !== FORMAT) throw damaged("it is no checkpoint of a run");
  if (version !== VERSION) throw damaged(`it is of version ${version}; this program reads ${VERSION}`);
  const entries = await Promise.all(
    Object.entries(tensors).map(
      async ([path, x]) => [path, { dtype: x.dtype, shape: x.shape, data: await x.data() }] as const,
    ),
  );
  const state: HostState = new Map(entries);
  if (checksumOf(state, progress + run) !== checksum) throw damaged("its checksum does not fit its contents");
  const { step, ledger } = JSON.parse(progress) as Pick<Checkpoint, "step" | "ledger">;
  return { checkpoint: { step, state, ledger }, run: JSON.parse(run) as RunRecord };
}

const damaged = (problem: string) => new FileFormatError("safetensors", { problem });

/** Finds damage, not malice: FNV-1a over 32-bit words. */
function checksumOf(state: HostState, text: string): string {
  let hash = 0x811c9dc5;
  const add = (words: ArrayLike<number>) => {
    for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ (words[i] as number), 0x01000193);
  };
  for (const path of [...state.keys()].sort()) {
    const { data } = state.get(path) as { data: ArrayBufferView };
    add(new TextEncoder().encode(path));
    const { buffer, byteOffset, byteLength } = data;
    add(
      byteLength % 4 === 0 && byteOffset % 4 === 0
        ? new Uint32Array(buffer, byteOffset, byteLength / 4)
        : new Uint8Array(buffer, byteOffset, byteLength),
    );
  }
  add(new TextEncoder().encode(text));
  return (hash >>> 0).toString(16).padStart(8, "0");
}
