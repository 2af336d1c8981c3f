// Opens the images and runs the main job, away from the page's own thread. Nothing is sent anywhere: what it keeps lies in
// the browser's private file system, so that a page which was closed goes on where it was.
import type { OpenedImages } from "../../data/collection.ts";
import { fileReader } from "../../data/files.ts";
import { openImages } from "../../data/open-images.ts";
import { getDevice } from "../../mod.ts";
import { type Encoder, writeEncoder } from "../../training/encoder-file.ts";
import { autoRecipe, fittedBatch } from "../../training/job/auto.ts";
import {
  changedRecipe,
  checkRecipe,
  numberOf,
  RecipeError,
  recipeChanges,
  recipeChoices,
} from "../../training/job/change-recipe.ts";
import type { Measured } from "../../training/job/measure.ts";
import { descriptionOf, encoderIn, isMethod } from "../../training/job/method-of.ts";
import { prepared } from "../../training/job/prepare.ts";
import { isPreset, presets } from "../../training/job/presets.ts";
import type { Recipe } from "../../training/job/recipe.ts";
import { reportOf } from "../../training/job/report-of.ts";
import { type JobEvent, runJob } from "../../training/job/run-job.ts";
import {
  aboutScores,
  describeModel,
  describeStep,
  grouped,
  scoreTable,
  sizeWords,
  verdict,
  wayNames,
} from "../../training/job/words.ts";
import type { Monitors } from "../../training/monitors/monitors.ts";
import { reportPage } from "../../training/report/page.ts";
import { browserStore } from "../../training/run/browser-store.ts";
import { METRICS, readMetrics } from "../../training/run/metrics-file.ts";
import { memoryStore, type RunStore } from "../../training/run/store.ts";
import { Looking } from "./looking.ts";
import type { FromWorker, NamedFile, StartMessage, ToWorker } from "./messages.ts";
import { runAlone } from "./run-alone.ts";

const stop = new AbortController();
const tell = (message: FromWorker): void => postMessage(message);

addEventListener("message", ({ data }: MessageEvent<ToWorker>) => {
  if (data.type === "stop") stop.abort();
  else if (data.type === "look")
    void look(async (at) => tell({ type: "looks", html: await at.at(data.image) }));
  else if (data.type === "carry")
    void look(async (at) => tell({ type: "carried", masks: await at.carry(data.cells) }));
  else void run(data).catch((error: Error) => tell({ type: "error", text: wordsOf(error) }));
});

/** Of the run that has ended. */
let looking: Looking | null = null;

async function look(at: (looking: Looking) => Promise<void>): Promise<void> {
  try {
    if (looking) await at(looking);
  } catch (error) {
    tell({ type: "cannot look", text: (error as Error).message });
  }
}

const wordsOf = ({ name, message }: Error): string =>
  name === "AbortError" ? "stopped before anything was learned" : message;

async function run({ files, given, base }: StartMessage): Promise<void> {
  checkNames(given);
  tell({ type: "status", text: "opening the GPU ..." });
  const device = await getDevice();
  tell({ type: "line", text: `Morlet on ${device.name}` });
  const opened = await openImages(files ? files.map(withPath) : "emoji", {
    emoji: fileReader(new URL("data/emoji/", base)),
    holdOut: 0.1,
    ...(given.limit === undefined ? {} : { limit: numberOf("limit", given.limit, 1) }),
    ...(given.size === undefined ? {} : { size: numberOf("size", given.size, 1) }),
    onProgress: ({ done, total }) =>
      tell({ type: "status", text: `loading images: ${grouped(done)} of ${grouped(total)}` }),
    signal: stop.signal,
  });
  const recipe = recipeOf(given, opened, device.profile.kind === "gpu");
  const data = prepared(opened, recipe);
  checkRecipe(recipe, data.train.images);
  const about = words(data);
  tell({ type: "data", words: about, skipped: [...data.train.skipped, ...(data.test?.skipped ?? [])] });
  for (const text of about) tell({ type: "line", text });
  const place = await placeOf(data, recipe);
  await runAlone(place, () => learn(data, recipe, about, place));
}

async function learn(
  data: OpenedImages,
  recipe: Recipe,
  about: readonly string[],
  place: string,
): Promise<void> {
  const store = await storeAt(place);
  const measured: Measured[] = [];
  let monitors: Monitors | null = null;
  let ended: Extract<JobEvent, { type: "end" }> | undefined;
  let last: Extract<JobEvent, { type: "measured" }> | undefined;
  for await (const event of runJob(data, recipe, {
    ...{ store, resume: true, signal: stop.signal, measureStopped: true },
    measure: { seed: recipe.seed },
  })) {
    switch (event.type) {
      case "start": {
        const model = describeModel(recipe, data.train.images, event.state);
        tell({ type: "line", text: model });
        tell({ type: "start", model, done: event.done, steps: event.steps });
        tell({ type: "status", text: "compiling the training step ..." });
        break;
      }
      case "monitors":
        monitors = event.monitors;
        tell({ type: "monitors", step: event.step, monitors });
        break;
      case "warning":
        tell({ type: "warning", text: event.message });
        break;
      case "recovered": {
        const text = `the device was lost (${event.reason}); a new one goes on after step ${event.from}`;
        tell({ type: "warning", text });
        break;
      }
      case "step":
        tell({
          ...{ type: "step", step: event.step, loss: event.loss },
          text: describeStep(recipe.epochs, event, monitors),
        });
        break;
      case "end":
        ended = event;
        tell({
          type: "trained",
          encoder: await writeEncoder(encoderOf(event, recipe, data)),
          stopped: event.stopped,
        });
        break;
      case "measuring":
        tell({ type: "status", text: `measuring: ${wayNames[event.what]} ...` });
        break;
      case "measured": {
        last = event;
        measured.push(event.measured);
        const rows = scoreTable(measured.map(({ score }) => score));
        tell({ type: "scores", rows, about: aboutScores(event.question, event.heldOut) });
        break;
      }
    }
  }
  if (!ended || !last) return;
  tell({ type: "status", text: "writing the report ..." });
  const scores = measured.map(({ score }) => score);
  const metrics = await store.read(METRICS);
  const report = await reportOf({
    ...{ title: data.train.name, data, recipe, measured, images: last.images },
    encoder: encoderOf(ended, recipe, data),
    question: last.question,
    about: [...about, describeModel(recipe, data.train.images, ended.state)],
    metrics: metrics ? readMetrics(metrics) : [],
    configuration: Object.entries(recipe)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [name, typeof value === "object" ? JSON.stringify(value) : String(value)]),
  });
  for (const [name = "", ...numbers] of scoreTable(scores)) {
    tell({ type: "line", text: name.padEnd(24) + numbers.map((text) => text.padStart(9)).join("") });
  }
  tell({ type: "line", text: verdict(scores) });
  tell({ type: "done", verdict: verdict(scores), report: await reportPage(report) });
  looking = Looking.of(encoderOf(ended, recipe, data), last.images);
  if (looking) tell({ type: "gallery", html: await looking.gallery() });
  // What was stopped goes on when these images come again; after its end a run starts afresh.
  if (ended.stopped) return;
  for (const name of await store.list()) await store.remove(name);
}

/** Where this run is kept: a place for each set of images and recipe. */
async function placeOf(data: OpenedImages, recipe: Recipe): Promise<string> {
  const { name, names, images } = data.train;
  const text = JSON.stringify([name, names, images.height, images.width, images.channels, recipe]);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  const hex = Array.from(digest.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0"));
  return `runs/${hex.join("")}`;
}

/** Without a private file system nothing is kept. */
async function storeAt(place: string): Promise<RunStore> {
  const store = browserStore(place);
  try {
    await store.list();
    return store;
  } catch {
    tell({
      type: "warning",
      text: "this browser keeps no files for the page: if it is closed, the run is lost",
    });
    return memoryStore();
  }
}

function encoderOf(
  { state, steps }: Extract<JobEvent, { type: "end" }>,
  recipe: Recipe,
  { train: { images, name } }: OpenedImages,
): Encoder {
  const training = { data: name, images: images.count, recipe, steps };
  return encoderIn(state, descriptionOf(recipe, images, training));
}

function recipeOf(given: Readonly<Record<string, string>>, { train }: OpenedImages, gpu: boolean): Recipe {
  const { count, height, width } = train.images;
  const { preset = "auto", method = "scatsimclr" } = given;
  if (preset !== "auto" && !isPreset(preset)) throw new RecipeError(`there is no preset ${preset}`);
  if (!isMethod(method)) throw new RecipeError(`there is no method ${method}`);
  const base =
    preset === "auto"
      ? autoRecipe({ images: count, side: Math.min(height, width), gpu, method }).recipe
      : presets[preset].recipe;
  const recipe = changedRecipe(given.size === undefined ? base : { ...base, side: null }, given);
  return given.batch === undefined ? fittedBatch(recipe, count, given.rate !== undefined) : recipe;
}

/** Names that the page takes: its own, and those of the recipe. */
const known = [
  ...["preset", "method", "limit", "size", "DEBUG"],
  ...Object.keys({ ...recipeChanges, ...recipeChoices }),
];

function checkNames(given: Readonly<Record<string, string>>): void {
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new RecipeError(`--${unknown} is not known here`);
}

/** Cloning a file drops the path that it has below a folder. */
function withPath({ path, file }: NamedFile): File {
  Object.defineProperty(file, "webkitRelativePath", { value: path });
  return file;
}

function words({ train, test }: OpenedImages): string[] {
  const { images, name } = train;
  const held = test ? `, ${grouped(test.images.count)} held out` : "";
  const size = sizeWords(images);
  return [
    `${name}: ${grouped(images.count)} images (${size}) to learn from${held}; labels are never learned from`,
  ];
}
