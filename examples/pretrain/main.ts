// The main program in a page. What can be set comes in the address: ?preset=nano&epochs=2&seed=1
import { fileReader } from "../../data/files.ts";
import { openImages } from "../../data/open-images.ts";
import { getDevice } from "../../mod.ts";
import { autoRecipe } from "../../training/job/auto.ts";
import { changedRecipe, checkRecipe, RecipeError, recipeChanges } from "../../training/job/change-recipe.ts";
import type { Score } from "../../training/job/measure.ts";
import { prepared } from "../../training/job/prepare.ts";
import { isPreset, presets, type Recipe } from "../../training/job/recipe.ts";
import { runJob } from "../../training/job/run-job.ts";
import {
  describeModel,
  describeStep,
  grouped,
  scoreTable,
  verdict,
  wayNames,
} from "../../training/job/words.ts";
import type { Monitors } from "../../training/monitors/monitors.ts";
import { LossCurve } from "./loss-curve.ts";

const element = (id: string): HTMLElement => document.getElementById(id) as HTMLElement;
const SECONDS_BETWEEN_LINES = 10;

const stop = new AbortController();
element("stop").addEventListener("click", () => stop.abort());
// Whoever drives the page ends the run with `__stop` and finds the result in `__done`.
Object.assign(globalThis, { __stop: () => stop.abort() });
try {
  const scores = await run(new URLSearchParams(location.search));
  Object.assign(globalThis, { __done: { scores } });
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  say(message);
  console.error(message);
  Object.assign(globalThis, { __done: { error: message } });
}

async function run(query: URLSearchParams): Promise<Score[]> {
  const given = readQuery(query);
  const device = await getDevice();
  console.log(`Morlet on ${device.name}`);
  const emoji = fileReader(new URL("data/emoji/", document.baseURI));
  const limit = query.has("limit") ? { limit: Number(query.get("limit")) } : {};
  const opened = await openImages("emoji", { emoji, ...limit });
  const recipe = recipeOf(
    query.get("preset") ?? "auto",
    opened.train.images.count,
    device.profile.kind,
    given,
  );
  const data = prepared(opened, recipe);
  checkRecipe(recipe, data.train.images);
  const words = `${grouped(data.train.images.count)} drawings to learn from, ${data.test?.images.count} held out; no labels are used to learn`;
  element("data").textContent = words;
  console.log(words);
  const scores: Score[] = [];
  let curve: LossCurve | undefined;
  let monitors: Monitors | null = null;
  let lastLine = Number.NEGATIVE_INFINITY;
  for await (const event of runJob(data, recipe, { signal: stop.signal, measureStopped: true })) {
    switch (event.type) {
      case "start": {
        const model = describeModel(recipe, event.state.model);
        element("model").textContent = model;
        console.log(model);
        say("compiling the training step ...");
        curve = new LossCurve(element("curve"), event.steps);
        element("stop").hidden = false;
        break;
      }
      case "monitors":
        monitors = event.monitors;
        break;
      case "step": {
        const line = describeStep(recipe.epochs, event, monitors);
        curve?.add(event.loss);
        element("progress").setAttribute("value", String(event.step / event.steps));
        say(line);
        if (performance.now() / 1000 - lastLine > SECONDS_BETWEEN_LINES || event.step === event.steps) {
          lastLine = performance.now() / 1000;
          console.log(line);
        }
        break;
      }
      case "end":
        element("stop").hidden = true;
        element("progress").hidden = true;
        break;
      case "measuring":
        say(`measuring: ${wayNames[event.what]} ...`);
        break;
      case "measured":
        scores.push(event.measured.score);
        show(scores, event.question);
        break;
    }
  }
  say("");
  element("verdict").textContent = verdict(scores);
  for (const [name = "", ...numbers] of scoreTable(scores)) {
    console.log(name.padEnd(24) + numbers.map((text) => text.padStart(9)).join(""));
  }
  console.log(verdict(scores));
  return scores;
}

function show(scores: readonly Score[], question: string | null): void {
  element("question").hidden = question === null;
  element("question").textContent = question;
  const rows = scoreTable(scores).map((cells, i) => {
    const row = document.createElement("tr");
    for (const text of cells) {
      const cell = document.createElement(i === 0 ? "th" : "td");
      cell.textContent = text;
      row.append(cell);
    }
    return row;
  });
  element("scores").replaceChildren(...rows);
}

function say(text: string): void {
  element("status").textContent = text;
}

/** The texts of the address that change a recipe; what is neither that nor known otherwise is refused. */
function readQuery(query: URLSearchParams): Record<string, string> {
  const others = ["preset", "limit", "DEBUG"];
  const unknown = [...query.keys()].find(
    (name) => !others.includes(name) && !Object.hasOwn(recipeChanges, name),
  );
  if (unknown !== undefined) throw new RecipeError(`--${unknown} is not known here`);
  return Object.fromEntries(query);
}

function recipeOf(
  preset: string,
  images: number,
  kind: "gpu" | "software",
  given: Readonly<Record<string, string>>,
): Recipe {
  if (preset === "auto") {
    return changedRecipe(autoRecipe({ images, side: 32, gpu: kind === "gpu" }).recipe, given);
  }
  if (!isPreset(preset)) throw new RecipeError(`there is no preset ${preset}`);
  return changedRecipe(presets[preset].recipe, given);
}
