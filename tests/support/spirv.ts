// What Tint adds to kernels to keep them in range: SPIR-V with that transform, beside SPIR-V without it.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { softwareFolder, withLibraries } from "../../tools/host/adapter.mjs";
import { root } from "../../tools/host/tool.mjs";
import { hasPackagedBinaries } from "../../tools/host/unpack.mjs";

export interface Added {
  /** Indices that are clamped although the text does not say so: how many within so many loops. */
  readonly clamps: readonly number[];
  /** Loops with a count of their rounds in 64 bits, by which they end in any case. */
  readonly guards: number;
}

/** Dawn prints SPIR-V where it runs on Vulkan; the packaged driver does for all machines that have it. */
export const printsSpirv = hasPackagedBinaries;

/** What Tint adds to each of these WGSL texts. */
export async function addedByTint(texts: readonly string[]): Promise<Added[]> {
  const [plain, bare] = await Promise.all([spirvOf(texts, []), spirvOf(texts, ["disable_robustness"])]);
  return texts.map((_, i) => {
    const [more, less] = [countIn(plain[i] as string), countIn(bare[i] as string)];
    return {
      clamps: more.clamps.map((n, depth) => n - (less.clamps[depth] ?? 0)),
      guards: more.guards - less.guards,
    };
  });
}

async function spirvOf(texts: readonly string[], toggles: readonly string[]): Promise<string[]> {
  const folder = softwareFolder();
  const icd = `${folder}/vk_swiftshader_icd.json`;
  const script = fileURLToPath(new URL("dump-spirv.mjs", import.meta.url));
  // The driver takes seconds to compile what sets workgroup memory to zero, and nobody runs these kernels.
  const all = ["dump_shaders", "disable_workgroup_init", ...toggles].join();
  const child = spawn(process.execPath, [script, all], {
    cwd: root,
    env: { ...withLibraries(process.env, folder), VK_ICD_FILENAMES: icd, VK_DRIVER_FILES: icd },
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.end(JSON.stringify(texts));
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise((resolve) => child.on("close", resolve));
  const printed = Buffer.concat(chunks).toString().split("/* Dumped SPIRV disassembly */").slice(1);
  if (code !== 0 || printed.length !== texts.length)
    throw new Error(`${printed.length} of ${texts.length} kernels were printed (exit code ${code})`);
  return printed;
}

/** Extremes of integers by the number of loops around them, and 64-bit counts of rounds. */
function countIn(spirv: string): { clamps: number[]; guards: number } {
  const clamps = [0];
  let guards = 0;
  /** Where the loops around a line end. */
  const ends: string[] = [];
  const most = /%(\w+) = OpConstantComposite %v2uint %uint_4294967295 %uint_4294967295/.exec(spirv)?.[1];
  for (const line of spirv.split("\n")) {
    const loop = /OpLoopMerge %(\w+)/.exec(line);
    if (loop) ends.push(loop[1] as string);
    else if (ends.length > 0 && line.includes(`%${ends.at(-1)} = OpLabel`)) ends.pop();
    else if (/OpExtInst %u?int %\w+ [US](Min|Max|Clamp) /.test(line))
      clamps[ends.length] = (clamps[ends.length] ?? 0) + 1;
    else if (most && /OpStore %\w+ %(\w+)\s*$/.exec(line)?.[1] === most) guards++;
  }
  return { clamps: Array.from(clamps, (n) => n ?? 0), guards };
}
