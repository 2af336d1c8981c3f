// The main program in a page. What can be set comes in the address: ?recipe=nano&epochs=2&seed=1
import { fileReader } from "../../data/files.ts";
import { getDevice } from "../../mod.ts";
import { type EmojiRecipeName, emojiRecipes } from "../../training/emoji-recipes.ts";
import { type EmojiRecipe, type EmojiScore, emojiRun } from "../../training/emoji-run.ts";
import {
  describeData,
  describeModel,
  describeStep,
  question,
  scoreNames,
  scoreTable,
  verdict,
} from "../../training/emoji-words.ts";
import { LossCurve } from "./loss-curve.ts";

const element = (id: string): HTMLElement => document.getElementById(id) as HTMLElement;
const SECONDS_BETWEEN_LINES = 10;

const stop = new AbortController();
element("stop").addEventListener("click", () => stop.abort());
// Whoever drives the page ends the run with `__stop` and finds the result in `__done`.
Object.assign(globalThis, { __stop: () => stop.abort() });
try {
  const scores = await run(readRecipe(new URLSearchParams(location.search)));
  Object.assign(globalThis, { __done: { scores } });
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  say(message);
  console.error(error instanceof Error ? error.message : error);
  Object.assign(globalThis, { __done: { error: message } });
}

async function run(recipe: EmojiRecipe): Promise<EmojiScore[]> {
  log(`Morlet on ${(await getDevice()).name}`);
  const scores: EmojiScore[] = [];
  let curve: LossCurve | undefined;
  let lastLine = Number.NEGATIVE_INFINITY;
  const read = fileReader(new URL("data/emoji/", document.baseURI));
  for await (const event of emojiRun(recipe, { read, signal: stop.signal })) {
    switch (event.type) {
      case "data":
        element("data").textContent = describeData(event);
        log(describeData(event));
        break;
      case "start": {
        const words = describeModel(recipe, event);
        element("model").textContent = words.join("; ");
        for (const line of words) log(line);
        say("compiling the training step ...");
        curve = new LossCurve(element("curve"), event.steps);
        element("stop").hidden = false;
        break;
      }
      case "step":
        curve?.add(event.loss);
        element("progress").setAttribute("value", String(event.step / event.steps));
        say(describeStep(recipe, event));
        if (performance.now() / 1000 - lastLine > SECONDS_BETWEEN_LINES || event.step === event.steps) {
          lastLine = performance.now() / 1000;
          log(describeStep(recipe, event));
        }
        break;
      case "end":
        element("stop").hidden = true;
        element("progress").hidden = true;
        break;
      case "measuring":
        say(`measuring: ${scoreNames[event.what]} ...`);
        break;
      case "score":
        scores.push(event.score);
        show(scores);
        break;
    }
  }
  say("");
  element("verdict").textContent = verdict(scores);
  log(question);
  for (const [name = "", ...numbers] of scoreTable(scores)) {
    log(name.padEnd(24) + numbers.map((text) => text.padStart(9)).join(""));
  }
  log(verdict(scores));
  return scores;
}

function show(scores: readonly EmojiScore[]): void {
  element("question").hidden = false;
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

function log(text: string): void {
  console.log(text);
}

/** Numbers in the address change the recipe; what is no number of the recipe is refused. */
function readRecipe(query: URLSearchParams): EmojiRecipe {
  const name = query.get("recipe") ?? "quick";
  if (!Object.hasOwn(emojiRecipes, name)) throw new Error(`there is no recipe ${name}`);
  const base: EmojiRecipe = emojiRecipes[name as EmojiRecipeName];
  const changes: Record<string, number> = {};
  const numbers = [
    "epochs",
    "batch",
    "seed",
    "rate",
    "temperature",
    "view",
    "angles",
    "hidden",
    "out",
    "emoji",
  ];
  const widths = ["stem", "width", "blocks"];
  for (const [key, text] of query) {
    if (["recipe", "probes", "DEBUG"].includes(key)) continue;
    if (![...numbers, ...widths].includes(key)) throw new Error(`--${key} is not known`);
    const value = Number(text);
    if (text === "" || !(value > 0 || (value === 0 && ["seed", "blocks"].includes(key)))) {
      throw new Error(`--${key} is "${text}"; it takes a number above 0`);
    }
    changes[key] = value;
  }
  const { stem = base.adapter.stem, width, blocks, ...rest } = changes;
  const [stage = { width: 64, blocks: 0 }] = base.adapter.stages;
  const made = { width: width ?? stage.width, blocks: blocks ?? stage.blocks };
  const adapter = { stem, stages: made.blocks === 0 ? [] : [made] };
  return { ...base, ...rest, adapter, probes: query.has("probes") };
}
