// The page of the main job: files that are dropped onto it, or the bundled drawings, go to a worker, which learns from them.
// What can be set comes from the form and from the address: ?preset=nano&epochs=2. With &start=now it starts at once with
// the drawings.
import type { Preset } from "../../training/job/presets/preset.ts";
import { presets } from "../../training/job/presets.ts";
import { reportStyle } from "../../training/report/style.ts";
import { Curves } from "./curves.ts";
import { chosenFiles, droppedFiles } from "./dropped-files.ts";
import { LookInside } from "./look-inside.ts";
import type { FromWorker, NamedFile, ToWorker } from "./messages.ts";

const element = <E extends HTMLElement = HTMLElement>(id: string): E => document.getElementById(id) as E;
const SECONDS_BETWEEN_LINES = 10;

document.head.append(Object.assign(document.createElement("style"), { textContent: reportStyle }));
// Loaded now, so that a run asks the network for nothing.
const worker = new Worker(new URL("worker.js", document.baseURI), { type: "module" });
const send = (message: ToWorker): void => worker.postMessage(message);
const curves = new Curves(element("curves"));
const inside = new LookInside(
  {
    ...{ section: element("look"), gallery: element("gallery"), shown: element("looks") },
    ...{ words: element("look-words"), file: element<HTMLInputElement>("look-file") },
  },
  { look: (image) => send({ type: "look", image }), carry: (cells) => send({ type: "carry", cells }) },
);
element("look-file-button").addEventListener("click", () => element("look-file").click());
let steps = 1;
let lastLine = Number.NEGATIVE_INFINITY;

worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => hear(data));
worker.addEventListener("error", ({ message }) => fail(message || "the worker did not start"));
element("stop").addEventListener("click", () => send({ type: "stop" }));
element("bundled").addEventListener("click", () => start(null, fromForm()));
for (const id of ["folder", "files"]) {
  const input = element<HTMLInputElement>(id);
  element(`${id}-button`).addEventListener("click", () => input.click());
  input.addEventListener("change", () => start(chosenFiles(input.files as FileList), fromForm()));
}
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  element("drop").classList.add("over");
});
document.addEventListener("dragleave", () => element("drop").classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  element("drop").classList.remove("over");
  // The page has one run; what is dropped onto it would be a second one in its midst.
  if (element("choose").hidden)
    note("what was dropped was left alone: start again to learn from other images");
  else if (event.dataTransfer) {
    const reading = droppedFiles(event.dataTransfer);
    void reading.then((files) => start(files, fromForm()), cannotRead);
  }
});
// Whoever drives the page ends the run with `__stop` and finds the result in `__done`.
Object.assign(globalThis, { __stop: () => send({ type: "stop" }) });
const { start: at, ...query } = Object.fromEntries(new URLSearchParams(location.search));
const method = element<HTMLSelectElement>("method");
const preset = element<HTMLSelectElement>("preset");
method.addEventListener("change", offerPresets);
fillForm();
if (at === "now") start(null, query);

/** What the address says stands in the form, too. */
function fillForm(): void {
  const { elements } = element<HTMLFormElement>("settings");
  const named = (name: string) => elements.namedItem(name) as HTMLInputElement | HTMLSelectElement | null;
  const meant = Object.entries<Preset>(presets).find(([name]) => name === query.preset)?.[1];
  method.value = query.method ?? meant?.recipe.method ?? method.value;
  offerPresets();
  for (const [name, value] of Object.entries(query)) {
    const field = named(name);
    if (field) field.value = value;
  }
}

/** What the form says; fields that are left empty say nothing. */
function fromForm(): Record<string, string> {
  const fields = new FormData(element<HTMLFormElement>("settings"));
  const texts = [...fields].map(([name, value]): [string, string] => [name, String(value)]);
  return { ...query, ...Object.fromEntries(texts.filter(([, text]) => text !== "")) };
}

/** The recipes of the chosen method that are for any images. */
function offerPresets(): void {
  const names = Object.entries<Preset>(presets)
    .filter(([, { recipe, data }]) => recipe.method === method.value && data === null)
    .map(([name]) => name);
  preset.replaceChildren(
    ...["auto", ...names].map((name) => new Option(name === "auto" ? "by machine and images" : name, name)),
  );
}

function start(files: readonly NamedFile[] | null, given: Readonly<Record<string, string>>): void {
  // Files take a moment to be listed: what was chosen meanwhile has begun already.
  if (files?.length === 0 || element("choose").hidden) return;
  element("choose").hidden = true;
  element("run").hidden = false;
  element("stop").hidden = false;
  send({ type: "start", files, given, base: document.baseURI });
}

/** Says why what was dropped cannot be looked through. */
function cannotRead(error: Error): void {
  element("choose").hidden = true;
  element("run").hidden = false;
  fail(`what was dropped cannot be read: ${error.message}`);
}

function hear(message: FromWorker): void {
  switch (message.type) {
    case "status":
      element("status").textContent = message.text;
      break;
    case "line":
      console.log(message.text);
      break;
    case "data":
      element("data").textContent = message.words.join(". ");
      listDamage(message.skipped.map(({ file, problem }) => `${file}: ${problem}`));
      break;
    case "start":
      element("model").textContent = message.model;
      steps = message.steps;
      if (message.done > 0) note(`goes on after step ${message.done}, where this run was left`);
      break;
    case "step": {
      element("status").textContent = message.text;
      element("progress").setAttribute("value", String(message.step / steps));
      curves.addLoss(message.step, message.loss);
      const now = performance.now() / 1000;
      if (now - lastLine > SECONDS_BETWEEN_LINES || message.step === steps) {
        lastLine = now;
        console.log(message.text);
      }
      break;
    }
    case "monitors":
      curves.addMonitors(message.step, message.monitors);
      break;
    case "warning":
      note(message.text);
      break;
    case "trained":
      element("stop").hidden = true;
      element("progress").hidden = true;
      offer("encoder", message.encoder, "application/octet-stream");
      break;
    case "scores":
      showScores(message.rows, message.about);
      break;
    case "done":
      element("status").textContent = "";
      element("verdict").textContent = message.verdict;
      showReport(message.report);
      element("again").hidden = false;
      Object.assign(globalThis, { __done: { verdict: message.verdict } });
      break;
    case "gallery":
      inside.offer(message.html);
      break;
    case "looks":
      inside.show(message.html);
      break;
    case "carried":
      inside.showMasks(message.masks);
      break;
    case "cannot look":
      inside.say(message.text);
      break;
    case "error":
      fail(message.text);
      break;
  }
}

function fail(text: string): void {
  element("status").textContent = text;
  element("stop").hidden = true;
  element("again").hidden = false;
  console.error(text);
  Object.assign(globalThis, { __done: { error: text } });
}

function note(text: string): void {
  element("notes").hidden = false;
  element("notes").append(Object.assign(document.createElement("li"), { textContent: text }));
}

function listDamage(lines: readonly string[]): void {
  element("damage").hidden = lines.length === 0;
  element("damage-count").textContent =
    `${lines.length} ${lines.length === 1 ? "file" : "files"} could not be used`;
  element("damage-list").replaceChildren(
    ...lines.map((textContent) => Object.assign(document.createElement("li"), { textContent })),
  );
}

function showScores(rows: readonly (readonly string[])[], about: readonly string[]): void {
  element("results").hidden = false;
  element("question").textContent = about.join(" ");
  element("scores").replaceChildren(
    ...rows.map((cells, i) => {
      const row = document.createElement("tr");
      row.append(
        ...cells.map((textContent) =>
          Object.assign(document.createElement(i === 0 ? "th" : "td"), { textContent }),
        ),
      );
      return row;
    }),
  );
}

/** The report as a page in the page, without the rights of this one. */
function showReport(html: string): void {
  const frame = element<HTMLIFrameElement>("report-frame");
  frame.srcdoc = html;
  element("report").hidden = false;
  offer("report-file", new TextEncoder().encode(html), "text/html");
}

/** Makes a link that saves these bytes. */
function offer(id: string, bytes: Uint8Array<ArrayBuffer>, type: string): void {
  const link = element<HTMLAnchorElement>(id);
  link.href = URL.createObjectURL(new Blob([bytes], { type }));
  link.hidden = false;
}
