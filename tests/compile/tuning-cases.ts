// A table of tiles is kept where the host has a place for it, and used by devices that are opened later.
import { createDevice } from "../../mod.ts";
import { keepTuning, keptTuning } from "../../tune.ts";
import { type Case, Skip } from "../platform/case.ts";

async function keptAndUsed(): Promise<void> {
  if (typeof document === "undefined") {
    // Not where the user's tables are.
    const [{ mkdtemp }, { tmpdir }, { env }] = await Promise.all([
      import("node:fs/promises"),
      import("node:os"),
      import("node:process"),
    ]);
    env.XDG_CACHE_HOME = await mkdtemp(`${tmpdir()}/morlet-tuning-`);
  } else if (typeof localStorage === "undefined") throw new Skip("a page without local storage");
  let adapter = "";
  const plain = await createDevice({
    tuning(name) {
      adapter = name;
      return null;
    },
  });
  const { kernels } = plain.profile;
  plain.destroy();
  const table = {
    adapter,
    kernels,
    dots: { "1,2,3,4": { variant: "direct", tm: 1, tn: 1, workgroupSize: 4 } },
  };
  await keepTuning(table);
  const tuned = await createDevice({ tuning: keptTuning });
  const { tuning } = tuned.profile;
  tuned.destroy();
  if (JSON.stringify(tuning) !== JSON.stringify(table))
    throw new Error(`${JSON.stringify(tuning)} in place of ${JSON.stringify(table)}`);
}

export const cases: readonly Case[] = [{ name: "tuning: a table is kept, and used", run: keptAndUsed }];
