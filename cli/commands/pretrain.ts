import { basename, join } from "node:path";
import { configureDevice, getDevice } from "../../mod.ts";
import { checkRecipe } from "../../training/job/change-recipe.ts";
import { fittedToMemory } from "../../training/job/fit-recipe.ts";
import { descriptionOf } from "../../training/job/method-of.ts";
import { prepared } from "../../training/job/prepare.ts";
import { lockFolder } from "../../training/run/folder-lock.ts";
import { keptTuning } from "../../tune.ts";
import { readFlags } from "../flags.ts";
import { type CommandHost, stoppable } from "../host.ts";
import { keepLeftOut, LEFT_OUT, leftOut } from "../left-out.ts";
import { describeData, openData } from "../open-data.ts";
import { pretrainLine } from "../pretrain/line.ts";
import { checkActivations, checkMicroBatch, newPlan, resumedPlan, settle } from "../pretrain/plan.ts";
import { train } from "../pretrain/train.ts";
import { type RunConfig, startRunFolder } from "../run-folder.ts";
import { Lines } from "../terminal.ts";

export async function pretrainCommand(args: readonly string[], host: CommandHost): Promise<number> {
  const { flags } = readFlags(pretrainLine, args);
  const lines = new Lines(host.out);
  const runs = flags.runs ?? "runs";
  const plan =
    flags.resume === undefined ? await newPlan(flags, runs) : await resumedPlan(flags, runs, flags.resume);
  const { config: begun } = plan;
  configureDevice({ tuning: begun ? () => begun.tuning ?? null : keptTuning });
  const device = await getDevice();
  const { tuning = null } = device.profile;
  // Should it be lost, the next one has the same tiles, whatever has been measured meanwhile.
  configureDevice({ tuning: () => tuning });
  lines.say(`Morlet on ${device.name}${tuning ? ", with the tiles that were measured on it" : ""}`);
  const name = basename(plan.folder);
  let training = false;
  let unlock = plan.config ? await lockFolder(plan.folder) : null;
  const words = {
    asked: () => (training ? "stopping after this step, with a checkpoint" : "stopping"),
    stopped: "stopped; nothing was begun",
  };
  return stoppable(host, lines, words, async (stop) => {
    const opened = await openData(plan.data, host, lines, stop.signal);
    const { preset, recipe: settled } = settle(plan, opened, flags, device.profile.kind === "gpu");
    const data = prepared(opened, settled);
    checkRecipe(settled, data.train.images);
    checkMicroBatch(plan.microBatch, settled);
    checkActivations(settled, device);
    const recipe =
      plan.config || plan.memory === null
        ? settled
        : fittedToMemory(settled, data.train.images, plan.memory * 2 ** 20);
    const list = join(plan.folder, LEFT_OUT);
    for (const line of describeData(data, "learn from", `all in ${list}`)) lines.say(line);
    const { images } = data.train;
    const config: RunConfig = plan.config ?? {
      ...{ format: "morlet-run", version: 1, preset, data: plan.data, recipe },
      ...{ checkpointEvery: plan.checkpointEvery, microBatch: plan.microBatch, memory: plan.memory },
      encoder: descriptionOf(recipe, images, { preset, data: data.train.name, images: images.count, recipe }),
      started: new Date().toISOString(),
      device: device.name,
      tuning,
    };
    if (!plan.config) await startRunFolder(plan.folder, config);
    unlock ??= await lockFolder(plan.folder);
    await keepLeftOut(list, leftOut(data));
    training = true;
    return await train({
      host,
      lines,
      stop,
      folder: plan.folder,
      name,
      data,
      recipe,
      config,
      flags,
      runs,
    });
  }).finally(() => unlock?.());
}
