import { patchScript } from "../../training/report/patch-script.ts";

interface Places {
  readonly section: HTMLElement;
  readonly gallery: HTMLElement;
  readonly shown: HTMLElement;
  readonly words: HTMLElement;
  /** Takes another image. */
  readonly file: HTMLInputElement;
}

/** The part of the page that looks inside the encoder: choose an image, see its maps and which patches are alike. */
export class LookInside {
  private readonly places: Places;
  private readonly ask: (image: number | File) => void;

  /** @param ask Asks the worker, whose answer comes to `show`. */
  constructor(places: Places, ask: (image: number | File) => void) {
    this.places = places;
    this.ask = ask;
    places.file.addEventListener("change", () => {
      const [file] = places.file.files ?? [];
      if (file) this.choose(file);
    });
  }

  /** Shows what there is to choose from, and the first of it. */
  offer(gallery: string): void {
    this.places.section.hidden = false;
    this.places.gallery.innerHTML = gallery;
    for (const button of this.places.gallery.querySelectorAll("button")) {
      button.addEventListener("click", () => this.choose(Number(button.dataset.image)));
    }
    this.choose(0);
  }

  show(html: string): void {
    this.places.words.textContent = "";
    this.places.shown.innerHTML = html;
    const script = document.createElement("script");
    script.textContent = `(() => {${patchScript}})();`;
    this.places.shown.append(script);
  }

  say(text: string): void {
    this.places.words.textContent = text;
  }

  private choose(image: number | File): void {
    for (const button of this.places.gallery.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.image === String(image)));
    }
    this.say("looking ...");
    this.ask(image);
  }
}
