import { patchScript } from "../../training/report/patch-script.ts";

interface Places {
  readonly section: HTMLElement;
  readonly gallery: HTMLElement;
  readonly shown: HTMLElement;
  readonly words: HTMLElement;
  /** Takes other images. */
  readonly file: HTMLInputElement;
}

/** What the worker is asked. */
interface Questions {
  /** Its answer comes to `show`. */
  look(image: number | readonly File[]): void;
  /** Its answer comes to `showMasks`. */
  carry(cells: readonly number[]): void;
}

/** The part of the page that looks inside the encoder: choose an image, see its maps and which patches are alike. */
export class LookInside {
  private readonly places: Places;
  private readonly ask: Questions;

  constructor(places: Places, ask: Questions) {
    this.places = places;
    this.ask = ask;
    places.file.addEventListener("change", () => {
      const files = [...(places.file.files ?? [])];
      if (files.length > 0) this.choose(files);
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
    for (const button of this.marks()) {
      button.addEventListener("click", () => {
        button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
        const pressed = this.marks().filter((each) => each.getAttribute("aria-pressed") === "true");
        this.ask.carry(pressed.map((each) => Number(each.dataset.cell)));
      });
    }
  }

  showMasks(masks: readonly string[]): void {
    this.places.shown.querySelectorAll<HTMLImageElement>(".carried").forEach((image, i) => {
      const address = masks[i];
      image.hidden = address === undefined;
      if (address !== undefined) image.src = address;
    });
  }

  say(text: string): void {
    this.places.words.textContent = text;
  }

  private marks(): HTMLButtonElement[] {
    return [...this.places.shown.querySelectorAll<HTMLButtonElement>(".marks button")];
  }

  private choose(image: number | readonly File[]): void {
    for (const button of this.places.gallery.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.image === String(image)));
    }
    this.say("looking ...");
    this.ask.look(image);
  }
}
